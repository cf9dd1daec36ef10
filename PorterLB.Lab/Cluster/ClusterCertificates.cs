using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PorterLB.Lab.Cluster;

/// <summary>The cluster's authority, the API server's certificate and the key that signs ServiceAccount tokens, as files.</summary>
internal sealed class ClusterCertificates
{
    private ClusterCertificates(string folder) => Folder = folder;

    private string Folder { get; }

    public string Authority => Path.Combine(Folder, "ca.crt");

    public string Server => Path.Combine(Folder, "apiserver.crt");

    public string ServerKey => Path.Combine(Folder, "apiserver.key");

    public string ServiceAccountKey => Path.Combine(Folder, "sa.key");

    public static ClusterCertificates Create(string folder, IEnumerable<IPAddress> addresses)
    {
        var files = new ClusterCertificates(folder);
        Directory.CreateDirectory(folder);
        var (from, until) = (DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(30));

        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var authorityRequest = new CertificateRequest("CN=porterlb-lab", authorityKey, HashAlgorithmName.SHA256);
        authorityRequest.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        authorityRequest.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        authorityRequest.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(authorityRequest.PublicKey, false));
        using var authority = authorityRequest.CreateSelfSigned(from, until);

        using var serverKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var serverRequest = new CertificateRequest("CN=kube-apiserver", serverKey, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var name in (string[])["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"])
        {
            names.AddDnsName(name);
        }

        foreach (var address in addresses.Append(IPAddress.Loopback))
        {
            names.AddIpAddress(address);
        }

        serverRequest.CertificateExtensions.Add(names.Build());
        serverRequest.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var server = serverRequest.Create(authority, from, until.AddDays(-1), RandomNumberGenerator.GetBytes(16));

        using var tokens = RSA.Create(2048);
        File.WriteAllText(files.Authority, authority.ExportCertificatePem());
        File.WriteAllText(files.Server, server.ExportCertificatePem());
        File.WriteAllText(files.ServerKey, serverKey.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(files.ServiceAccountKey, tokens.ExportRSAPrivateKeyPem());
        return files;
    }
}

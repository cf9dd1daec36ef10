using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>Makes authorities and serving certificates (ECDSA P-256). The randomness of keys is the operating system's.</summary>
internal static class Issuer
{
    /// <summary>
    /// Certificates begin this long before they are made, so that an API server whose clock is behind accepts them.
    /// </summary>
    public static readonly TimeSpan Backdate = TimeSpan.FromDays(1);

    public static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3 * 365);

    public static readonly TimeSpan ServingLife = TimeSpan.FromDays(90);

    /// <summary>Everything anew: one authority and a serving certificate of it.</summary>
    public static CertificateSet Issue(string commonName, IEnumerable<string> dnsNames, DateTimeOffset now) =>
        Renew(WithNewAuthority(new([], "", "", ""), commonName, now), dnsNames, now);

    /// <summary>A new authority before the old ones. The serving certificate stays: its authority is still trusted.</summary>
    public static CertificateSet WithNewAuthority(CertificateSet set, string commonName, DateTimeOffset now)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        // Each authority has a subject of its own: a verifier that finds issuers by subject must not find the wrong one first.
        var request = new CertificateRequest($"CN={commonName} {now.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var certificate = request.CreateSelfSigned(now - Backdate, now + AuthorityLife);
        return set with
        {
            Authorities = set.Authorities.Insert(0, certificate.ExportCertificatePem() + "\n"),
            AuthorityKey = key.ExportPkcs8PrivateKeyPem(),
        };
    }

    /// <summary>A new serving certificate of the newest authority.</summary>
    public static CertificateSet Renew(CertificateSet set, IEnumerable<string> dnsNames, DateTimeOffset now)
    {
        using var authority = X509Certificate2.CreateFromPem(set.Authorities[0], set.AuthorityKey);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        var all = dnsNames.ToImmutableArray();
        foreach (var name in all)
            names.AddDnsName(name);
        var request = new CertificateRequest(new X500DistinguishedName($"CN={all[0]}"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1", "serverAuth")], false));
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(authority, true, false));
        // A certificate cannot outlive its authority.
        var end = new[] { now + ServingLife, (DateTimeOffset)authority.NotAfter.ToUniversalTime() }.Min();
        var begin = new[] { now - Backdate, (DateTimeOffset)authority.NotBefore.ToUniversalTime() }.Max();
        using var certificate = request.Create(authority, begin, end, RandomNumberGenerator.GetBytes(16));
        return set with { Certificate = certificate.ExportCertificatePem() + "\n", Key = key.ExportPkcs8PrivateKeyPem() };
    }
}

using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>
/// What the Secret holds: the authorities that are trusted, newest first, the key of the newest, and the serving certificate with its
/// key. All as PEM, under the names that cert-manager and <c>kubernetes.io/tls</c> use, and <c>ca.key</c>.
/// </summary>
internal sealed record CertificateSet(ImmutableArray<string> Authorities, string AuthorityKey, string Certificate, string Key)
{
    public const string AuthoritiesField = "ca.crt";
    public const string AuthorityKeyField = "ca.key";
    public const string CertificateField = "tls.crt";
    public const string KeyField = "tls.key";

    /// <summary>The <c>caBundle</c>.</summary>
    public string Bundle => string.Concat(Authorities);

    public byte[] BundleBytes => Encoding.ASCII.GetBytes(Bundle);

    public IDictionary<string, byte[]> ToData() => new Dictionary<string, byte[]>(StringComparer.Ordinal)
    {
        [AuthoritiesField] = BundleBytes,
        [AuthorityKeyField] = Encoding.ASCII.GetBytes(AuthorityKey),
        [CertificateField] = Encoding.ASCII.GetBytes(Certificate),
        [KeyField] = Encoding.ASCII.GetBytes(Key),
    };

    /// <summary>The set in a Secret's data; null when any part is missing or is not what it should be.</summary>
    public static CertificateSet? FromData(IDictionary<string, byte[]>? data)
    {
        if (data is null)
            return null;
        string Text(string field) => data.TryGetValue(field, out var value) ? Encoding.ASCII.GetString(value) : "";
        try
        {
            var authorities = new X509Certificate2Collection();
            authorities.ImportFromPem(Text(AuthoritiesField));
            var set = new CertificateSet(
                [.. authorities.Select(authority => authority.ExportCertificatePem() + "\n")],
                Text(AuthorityKeyField),
                Text(CertificateField),
                Text(KeyField));
            if (set.Authorities.IsEmpty)
                return null;
            // Both pairs must fit: a key of another certificate shows here, not at the first handshake.
            using var authority = X509Certificate2.CreateFromPem(set.Authorities[0], set.AuthorityKey);
            using var serving = X509Certificate2.CreateFromPem(set.Certificate, set.Key);
            return set;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            return null;
        }
    }
}

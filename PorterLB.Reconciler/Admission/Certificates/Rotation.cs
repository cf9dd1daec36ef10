using System.Security.Cryptography.X509Certificates;

namespace PorterLB.Reconciler.Admission.Certificates;

/// <summary>
/// Decides what is due. A renewal of the authority goes in three steps, each a write of its own, so that at every moment the API
/// server trusts what any replica serves:
/// <code>
///   trusted: old        serves: old
///   trusted: new, old   serves: old      the new one is published first
///   trusted: new, old   serves: new      three hours later
///   trusted: new        serves: new      another three hours later
/// </code>
/// </summary>
internal static class Rotation
{
    /// <summary>
    /// An hour in which a step may become known to every API server and every replica, and two because the clock that it was made by
    /// and the one that it is judged by may be an hour wrong, in opposite directions.
    /// </summary>
    public static readonly TimeSpan StepTime = TimeSpan.FromHours(3);

    /// <summary>The set as it should be now, and why it is not the one given; the same one when nothing is due.</summary>
    /// <param name="set">The set in the Secret; null when there is none that can be read.</param>
    /// <param name="commonName">The name of a new authority.</param>
    /// <param name="dnsNames">The names that the server is called by.</param>
    /// <param name="now">The wall clock.</param>
    public static (CertificateSet Set, string Why) Due(CertificateSet? set, string commonName, IReadOnlyList<string> dnsNames, DateTimeOffset now)
    {
        if (set is null)
            return (Issuer.Issue(commonName, dnsNames, now), "there were no certificates");

        using var authority = X509Certificate2.CreateFromPem(set.Authorities[0]);
        using var serving = X509Certificate2.CreateFromPem(set.Certificate);
        if (now < Begin(authority) || now >= End(authority) || now < Begin(serving) || now >= End(serving))
            return (Issuer.Issue(commonName, dnsNames, now), "the certificates had run out");
        if (now >= RenewalOf(authority))
            return (Issuer.WithNewAuthority(set, commonName, now), "the authority is renewed; the old one stays trusted");

        var servedByNewest = serving.IssuerName.RawData.AsSpan().SequenceEqual(authority.SubjectName.RawData);
        if (!servedByNewest)
        {
            return now >= MadeAt(authority) + StepTime
                ? (Issuer.Renew(set, dnsNames, now), "the serving certificate is of the new authority")
                : (set, "");
        }

        if (now >= RenewalOf(serving) || !dnsNames.All(name => serving.MatchesHostname(name)))
            return (Issuer.Renew(set, dnsNames, now), "the serving certificate is renewed");
        return set.Authorities.Length > 1 && now >= MadeAt(serving) + StepTime
            ? (set with { Authorities = [set.Authorities[0]] }, "the old authority is no longer trusted")
            : (set, "");
    }

    /// <summary>When to look again at the latest.</summary>
    /// <param name="set">The set, with nothing due.</param>
    /// <param name="now">The wall clock.</param>
    public static TimeSpan NextLook(CertificateSet set, DateTimeOffset now)
    {
        using var authority = X509Certificate2.CreateFromPem(set.Authorities[0]);
        using var serving = X509Certificate2.CreateFromPem(set.Certificate);
        var rolling = set.Authorities.Length > 1;
        var due = new[] { RenewalOf(authority), RenewalOf(serving), rolling ? now + TimeSpan.FromMinutes(10) : DateTimeOffset.MaxValue }.Min() - now;
        return due < TimeSpan.FromMinutes(1) ? TimeSpan.FromMinutes(1) : due > TimeSpan.FromHours(12) ? TimeSpan.FromHours(12) : due;
    }

    /// <summary>Two thirds of the life, counted from when it was made.</summary>
    private static DateTimeOffset RenewalOf(X509Certificate2 certificate) =>
        MadeAt(certificate) + ((End(certificate) - MadeAt(certificate)) * (2.0 / 3));

    private static DateTimeOffset MadeAt(X509Certificate2 certificate) => Begin(certificate) + Issuer.Backdate;

    private static DateTimeOffset Begin(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    private static DateTimeOffset End(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());
}

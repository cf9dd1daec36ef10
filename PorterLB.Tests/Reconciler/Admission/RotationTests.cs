using System.Security.Cryptography.X509Certificates;
using CsCheck;
using PorterLB.Reconciler.Admission.Certificates;

namespace PorterLB.Tests.Reconciler.Admission;

public sealed class RotationTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly string[] Names = ["webhook.ours.svc", "webhook"];

    [Fact]
    public void Without_certificates_all_are_made_and_then_nothing_is_due()
    {
        var (set, why) = Due(null, Start);
        Assert.NotEmpty(why);
        Assert.True(Trusts(set.Bundle, set, Start, "webhook.ours.svc"));
        Assert.Same(set, Due(set, Start).Set);
    }

    [Fact]
    public void A_certificate_is_accepted_by_a_server_whose_clock_is_an_hour_behind()
    {
        var set = Due(null, Start).Set;
        Assert.True(Trusts(set.Bundle, set, Start.AddHours(-1), "webhook.ours.svc"));
    }

    [Fact]
    public void The_serving_certificate_is_renewed_at_two_thirds_of_its_life_by_the_same_authority()
    {
        var set = Due(null, Start).Set;
        var renewal = Issuer.ServingLife * (2.0 / 3);

        Assert.Same(set, Due(set, Start + renewal - TimeSpan.FromMinutes(1)).Set);
        var renewed = Due(set, Start + renewal + TimeSpan.FromMinutes(1)).Set;
        Assert.NotEqual(set.Certificate, renewed.Certificate);
        Assert.Equal(set.Authorities.AsEnumerable(), renewed.Authorities);
    }

    [Fact]
    public void A_name_that_the_certificate_lacks_makes_it_due()
    {
        var set = Due(null, Start).Set;
        var renewed = Rotation.Due(set, "webhook", [.. Names, "other.ours.svc"], Start).Set;
        Assert.True(Trusts(set.Bundle, renewed, Start, "other.ours.svc"));
    }

    [Fact]
    public void A_new_authority_is_published_before_it_is_served_and_the_old_one_goes_last()
    {
        var now = Start + (Issuer.AuthorityLife * (2.0 / 3)) + TimeSpan.FromDays(1);
        var old = Due(null, now - (Issuer.AuthorityLife * (2.0 / 3)) - TimeSpan.FromMinutes(1)).Set;
        old = Issuer.Renew(old, Names, now.AddDays(-1));

        var published = Due(old, now).Set;
        Assert.Equal(2, published.Authorities.Length);
        Assert.Equal(old.Certificate, published.Certificate);
        Assert.Same(published, Due(published, now + Rotation.StepTime - TimeSpan.FromMinutes(1)).Set);

        var served = Due(published, now + Rotation.StepTime).Set;
        Assert.NotEqual(published.Certificate, served.Certificate);
        Assert.Equal(published.Authorities.AsEnumerable(), served.Authorities);
        Assert.Same(served, Due(served, now + (2 * Rotation.StepTime) - TimeSpan.FromMinutes(1)).Set);

        var done = Due(served, now + (2 * Rotation.StepTime)).Set;
        Assert.Equal(published.Authorities[0], Assert.Single(done.Authorities));
    }

    [Fact]
    public void Between_two_replicas_whose_clocks_are_two_hours_apart_a_step_still_takes_an_hour()
    {
        var now = Start + (Issuer.AuthorityLife * (2.0 / 3)) + TimeSpan.FromDays(1);
        var old = Issuer.Renew(Due(null, Start).Set, Names, now.AddDays(-1));
        var published = Due(old, now.AddHours(-1)).Set;
        Assert.Equal(2, published.Authorities.Length);
        var served = published;
        for (var passed = TimeSpan.Zero; passed < TimeSpan.FromHours(1); passed += TimeSpan.FromMinutes(1))
        {
            served = Due(served, now.AddHours(1) + passed).Set;
            Assert.Same(published, served);
        }

        served = Due(published, now.AddHours(2)).Set;
        Assert.NotEqual(published.Certificate, served.Certificate);
    }

    [Fact]
    public void Whatever_the_pauses_the_API_server_always_trusts_what_any_replica_serves() =>

        // Pauses up to a week, for four years; a replica and the API server may know a step up to half a StepTime late.
        Gen.Int[1, 7 * 24 * 60].List[400].Sample(
            pauses =>
            {
                var now = Start;
                var set = Due(null, now).Set;
                foreach (var pause in pauses)
                {
                    now += TimeSpan.FromMinutes(pause);
                    for (var due = Due(set, now).Set; !ReferenceEquals(due, set); due = Due(set, now).Set)
                    {
                        var before = set;
                        set = due;
                        if (!Trusts(before.Bundle, before, now, Names[0]))
                            return false; // it ran out unnoticed
                        if (!Trusts(before.Bundle, set, now, Names[0]) || !Trusts(set.Bundle, before, now, Names[0]))
                            return false; // a step that a late server or a late replica cannot follow
                    }
                }

                return true;
            },
            iter: 3);

    [Fact]
    public void What_ran_out_while_nobody_ran_is_made_anew()
    {
        var late = Start + Issuer.AuthorityLife + TimeSpan.FromDays(1);
        var set = Due(Due(null, Start).Set, late).Set;
        Assert.True(Trusts(set.Bundle, set, late, Names[0]));
    }

    [Fact]
    public void A_set_survives_the_Secret()
    {
        var set = Due(null, Start).Set;
        var two = Issuer.WithNewAuthority(set, "webhook", Start);
        foreach (var each in new[] { set, two })
        {
            var read = CertificateSet.FromData(each.ToData());
            Assert.NotNull(read);
            Assert.Equal(each.Bundle, read.Bundle);
            Assert.Equal((each.AuthorityKey, each.Certificate, each.Key), (read.AuthorityKey, read.Certificate, read.Key));
        }
    }

    [Theory]
    [InlineData("ca.crt")]
    [InlineData("ca.key")]
    [InlineData("tls.crt")]
    [InlineData("tls.key")]
    public void A_Secret_with_a_part_missing_or_of_another_set_is_no_set(string field)
    {
        var data = Due(null, Start).Set.ToData();
        var other = Due(null, Start).Set.ToData();
        foreach (var value in new[] { [], "nonsense"u8.ToArray(), field.StartsWith("ca.crt", StringComparison.Ordinal) ? [] : other[field] })
            Assert.Null(CertificateSet.FromData(new Dictionary<string, byte[]>(data) { [field] = value }));
        data.Remove(field);
        Assert.Null(CertificateSet.FromData(data));
    }

    private static (CertificateSet Set, string Why) Due(CertificateSet? set, DateTimeOffset now) => Rotation.Due(set, "webhook", Names, now);

    /// <summary>As a TLS client with this bundle judges the set's serving certificate.</summary>
    private static bool Trusts(string bundle, CertificateSet served, DateTimeOffset now, string name)
    {
        using var certificate = X509Certificate2.CreateFromPem(served.Certificate, served.Key);
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.ImportFromPem(bundle);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        chain.ChainPolicy.ApplicationPolicy.Add(new("1.3.6.1.5.5.7.3.1"));
        return chain.Build(certificate) && certificate.MatchesHostname(name);
    }
}

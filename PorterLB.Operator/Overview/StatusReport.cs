using System.Collections.Immutable;
using System.Net;
using PorterLB.Operator.Eips;
using PorterLB.Operator.Election;
using PorterLB.Operator.Entities;
using PorterLB.Operator.Services;
using PorterLB.Reconciler.Caching;

namespace PorterLB.Operator.Overview;

/// <summary>An address, and who answers for it.</summary>
internal sealed record AddressReport
{
    public required string Address { get; init; }

    public required string Service { get; init; }

    public string? Eip { get; init; }

    /// <summary>Who says to answer for it; two for the moment of a hand-over.</summary>
    public IReadOnlyList<AnnouncerReport> Announcers { get; init; } = [];

    /// <summary>Whom the manager elected.</summary>
    public string? Elected { get; init; }

    /// <summary>Why nobody answers, or why that is not as it should be; null if all is well.</summary>
    public string? Problem { get; init; }
}

/// <summary>A node that answers for an address.</summary>
internal sealed record AnnouncerReport(string Node, string Interface, string? Mac, DateTimeOffset Since);

/// <summary>A Service that has not all that it asks for.</summary>
internal sealed record WaitingReport(string Service, string Reason, string Message);

/// <summary>An Eip, and how much of it is in use.</summary>
internal sealed record EipReport(string Name, string Addresses, int Used, string Size, string Free, bool Ready, string? Problem);

/// <summary>A speaker.</summary>
internal sealed record SpeakerReport(string Node, string State, int Addresses, int Peers, int Conflicts, string? Version);

/// <summary>Who announces what and since when, what waits, and who does the work. Pure: from a picture to a report.</summary>
internal sealed record StatusReport
{
    /// <summary>The manager that leads; null when none does.</summary>
    public string? Leader { get; init; }

    public IReadOnlyList<AddressReport> Addresses { get; init; } = [];

    public IReadOnlyList<WaitingReport> Waiting { get; init; } = [];

    public IReadOnlyList<EipReport> Eips { get; init; } = [];

    public IReadOnlyList<SpeakerReport> Speakers { get; init; } = [];

    /// <summary>Whether something needs somebody.</summary>
    public bool HasProblems => Leader is null || Waiting.Count > 0 || Addresses.Any(address => address.Problem is not null) || Eips.Any(eip => eip.Problem is not null);

    public static StatusReport Of(ClusterPicture picture, string? @namespace)
    {
        var services = picture.Services
            .Where(service => picture.Concerns(service) && (@namespace is null || service.Metadata.NamespaceProperty == @namespace))
            .OrderBy(service => service.Metadata.NamespaceProperty, StringComparer.Ordinal).ThenBy(service => service.Metadata.Name, StringComparer.Ordinal)
            .ToArray();
        return new StatusReport
        {
            Leader = picture.Leader,
            Addresses = [.. services.SelectMany(service => ServiceRequest.AddressesOf(service).Select(address => Of(picture, service, address)))],
            Waiting =
            [
                .. from service in services
                   where picture.Ownership.Owns(service) && service.Metadata.DeletionTimestamp is null
                   where ServiceRequest.AddressesOf(service).Length < Wanted(picture, service)
                   let refusal = picture.Decide(service).Refusal
                   select new WaitingReport(
                       $"{EntityKey.Of(service)}",
                       refusal is null ? "Pending" : $"{refusal.Reason}",
                       refusal?.Message ?? (picture.Leader is null ? "No manager leads: nothing is given out." : "It gets its address in a moment.")),
            ],
            Eips = [.. picture.Eips.OrderBy(eip => eip.Metadata.Name, StringComparer.Ordinal).Select(eip => Of(eip, picture))],
            Speakers =
            [
                .. picture.Speakers.OrderBy(speaker => speaker.Metadata.Name, StringComparer.Ordinal).Select(speaker => new SpeakerReport(
                    speaker.Metadata.Name,
                    picture.PresenceOf(speaker.Metadata.Name) switch
                    {
                        Presence.Present => speaker.Status.Leaving ? "leaving" : "alive",
                        Presence.Unheard => "not heard",
                        _ => "silent",
                    },
                    speaker.Status.Addresses,
                    speaker.Status.PeersAlive,
                    speaker.Status.ConflictCount,
                    speaker.Status.Version)),
            ],
        };
    }

    public void Write(TextWriter output, DateTimeOffset now)
    {
        if (Addresses.Count > 0)
        {
            Table.Write(
                output,
                ["ADDRESS", "SERVICE", "EIP", "NODE", "INTERFACE", "MAC", "SINCE"],
                [.. Addresses.Select(address => new[]
                {
                    address.Address, address.Service, address.Eip ?? "<none>",
                    Joined(address, item => item.Node, "<nobody>"), Joined(address, item => item.Interface, "-"), Joined(address, item => item.Mac ?? "-", "-"),
                    Joined(address, item => Age.Of(now - item.Since), "-"),
                })]);
        }
        else
        {
            output.WriteLine("No Service has an address from PorterLB.");
        }

        if (Eips.Count > 0)
        {
            output.WriteLine();
            Table.Write(output, ["EIP", "ADDRESSES", "USED", "FREE", "READY"], [.. Eips.Select(eip => new[] { eip.Name, eip.Addresses, $"{eip.Used}", eip.Free, eip.Ready ? "yes" : "no" })]);
        }

        if (Speakers.Count > 0)
        {
            output.WriteLine();
            Table.Write(
                output,
                ["SPEAKER", "STATE", "ANNOUNCES", "PEERS", "CONFLICTS", "VERSION"],
                [.. Speakers.Select(speaker => new[] { speaker.Node, speaker.State, $"{speaker.Addresses}", $"{speaker.Peers}", $"{speaker.Conflicts}", speaker.Version ?? "-" })]);
        }

        output.WriteLine();
        output.WriteLine(Leader is null ? "No manager leads: what is announced stays, and nothing new is given out. Look at the Pods of porterlb-manager." : $"Manager: {Leader}");
        if (!HasProblems)
        {
            output.WriteLine("Nothing waits, and every address is answered for.");
            return;
        }

        foreach (var text in Addresses.Where(address => address.Problem is not null).Select(address => $"{address.Service}: {address.Problem}")
            .Concat(Waiting.Select(waiting => waiting.Message))
            .Concat(Eips.Where(eip => eip.Problem is not null).Select(eip => $"Eip '{eip.Name}': {eip.Problem}")))
        {
            output.WriteLine($"! {text}");
        }
    }

    private static string Joined(AddressReport address, Func<AnnouncerReport, string> part, string nobody) =>
        address.Announcers.Count == 0 ? nobody : string.Join(',', address.Announcers.Select(part));

    private static int Wanted(ClusterPicture picture, ServiceView service)
    {
        var request = picture.RequestOf(service);
        return request.FamilyPolicy == Operator.Addresses.FamilyPolicy.PreferDualStack ? 1 : request.Families.Length;
    }

    private static AddressReport Of(ClusterPicture picture, ServiceView service, IPAddress address)
    {
        var said = picture.AnnouncementsOf(address).OrderBy(item => item.Since).ToImmutableArray();
        var elected = ElectionAnnotation.Read(service, [address]).Nodes.GetValueOrDefault(address);
        var conflict = picture.Speakers.SelectMany(speaker => speaker.Status.Conflicts.Where(item => item.Address == $"{address}").Select(item => (speaker.Metadata.Name, Conflict: item))).FirstOrDefault();
        return new AddressReport
        {
            Address = $"{address}",
            Service = $"{EntityKey.Of(service)}",
            Eip = picture.EipOf(address)?.Metadata.Name,
            Announcers = [.. said.Select(item => new AnnouncerReport(item.Node, item.Interface, item.Mac, item.Since))],
            Elected = elected,
            Problem =
                conflict.Conflict is { } other ? $"{address} is also answered for by another machine, {other.Mac}, seen on {conflict.Name}, {other.Interface}. Take the address from that machine, or out of the Eip."
                : said.IsEmpty ? $"{address} is not answered for by any node. porterlb explain {EntityKey.Of(service)} says why."
                : said.Length > 1 ? $"{address} is answered for by {string.Join(" and ", said.Select(item => item.Node))}, which passes within a second; if it stays, look at the network between them."
                : null,
        };
    }

    private static EipReport Of(V1Alpha2Eip eip, ClusterPicture picture)
    {
        var used = picture.Services.Where(picture.Concerns).SelectMany(service => ServiceRequest.AddressesOf(service)).Where(address => EipPools.Holds(eip, address)).Distinct().Count();
        var ready = (eip.Status.Conditions ?? []).FirstOrDefault(condition => condition.Type == "Ready");
        return new EipReport(
            eip.Metadata.Name,
            string.Join(',', EipPools.Texts(eip)),
            used,
            eip.Status.Size ?? "-",
            eip.Status.Free ?? "-",
            ready?.Status == "True",
            ready is { Status: "False", Reason: not ("Disabled" or "Deleting") } ? ready.Message : null);
    }
}

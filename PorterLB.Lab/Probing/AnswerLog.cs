using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace PorterLB.Lab.Probing;

/// <summary>One answer to "who has this address?", by ARP or NDP.</summary>
/// <param name="Asked">When the request before it went out: nanoseconds, monotonic.</param>
/// <param name="Answered">When it came.</param>
/// <param name="Mac">The Ethernet address it names.</param>
public sealed record Answer(long Asked, long Answered, string Mac);

/// <summary>A frame that claims an address unasked: a gratuitous ARP or an unsolicited neighbour advertisement.</summary>
public sealed record Claim(long Heard, string Mac);

/// <summary>Everything that anybody on the segment said about one address.</summary>
/// <param name="Address">The address.</param>
/// <param name="Answers">Every answer, in order.</param>
/// <param name="Claims">Every claim, in order.</param>
public sealed record AddressAnswers(string Address, ImmutableArray<Answer> Answers, ImmutableArray<Claim> Claims)
{
    /// <summary>Who answered at all, in order of appearance.</summary>
    [JsonIgnore]
    public ImmutableArray<string> Answerers => [.. Answers.Select(answer => answer.Mac).Distinct(StringComparer.Ordinal)];

    /// <summary>From the first request that two nodes answered to the last one that two answered.</summary>
    [JsonIgnore]
    public TimeSpan TwoAnswered
    {
        get
        {
            var twice = Answers.GroupBy(answer => answer.Asked)
                .Where(request => request.Select(answer => answer.Mac).Distinct(StringComparer.Ordinal).Count() > 1)
                .Select(request => request.Key)
                .ToList();
            return twice.Count == 0 ? TimeSpan.Zero : TimeSpan.FromTicks((twice.Max() - twice.Min()) / 100);
        }
    }

    /// <summary>
    /// The longest time without an answer while requests went out, the first and the last answer left out. On a quiet machine it is
    /// little more than the interval of the requests.
    /// </summary>
    [JsonIgnore]
    public TimeSpan LongestSilence => Answers.Length < 2
        ? TimeSpan.Zero
        : TimeSpan.FromTicks(Answers.Zip(Answers.Skip(1), (one, next) => next.Answered - one.Answered).Max() / 100);

    /// <summary>The first answer after a moment that came from somebody else; null when there was none.</summary>
    public Answer? FirstFromAnother(string than, long since) =>
        Answers.FirstOrDefault(answer => answer.Answered >= since && answer.Mac != than);

    /// <summary>From the last answer of one to the first of another after it; null when no other followed.</summary>
    public TimeSpan? SilenceAfter(string mac) =>
        Answers.LastOrDefault(answer => answer.Mac == mac) is { } last && FirstFromAnother(mac, last.Answered) is { } next
            ? TimeSpan.FromTicks((next.Answered - last.Answered) / 100)
            : null;

    /// <summary>Who answered last before a moment.</summary>
    public string? AnswererAt(long moment) => Answers.LastOrDefault(answer => answer.Answered <= moment)?.Mac;
}

/// <summary>What was said about each of the addresses that were asked for.</summary>
public sealed record AnswerLog(ImmutableArray<AddressAnswers> Addresses)
{
    public AddressAnswers For(System.Net.IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Addresses.First(entry => entry.Address == address.ToString());
    }
}

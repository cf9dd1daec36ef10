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

    /// <summary>The longest time in which each request was answered by two of these, pauses of up to 100 ms included.</summary>
    public TimeSpan LongestDouble(IReadOnlySet<string> of)
    {
        const long pauseMax = 100_000_000;
        long? first = null;
        long last = 0;
        long longest = 0;
        foreach (var asked in Answers.Where(answer => of.Contains(answer.Mac)).GroupBy(answer => answer.Asked)
            .Where(request => request.Select(answer => answer.Mac).Distinct(StringComparer.Ordinal).Count() > 1)
            .Select(request => request.Key).Order())
        {
            first = first is { } begun && asked - last <= pauseMax ? begun : asked;
            last = asked;
            longest = Math.Max(longest, last - first.Value);
        }

        return TimeSpan.FromTicks(longest / 100);
    }

    /// <summary>Who answered from when to when, pauses of up to 300 ms included, in order of their beginnings.</summary>
    public IReadOnlyList<(string Mac, long From, long To)> Reigns()
    {
        const long pauseMax = 300_000_000;
        List<(string Mac, long From, long To)> reigns = [];
        foreach (var answers in Answers.GroupBy(answer => answer.Mac, StringComparer.Ordinal))
        {
            var (from, to) = (answers.First().Answered, answers.First().Answered);
            foreach (var answer in answers)
            {
                if (answer.Answered - to > pauseMax)
                {
                    reigns.Add((answers.Key, from, to));
                    from = answer.Answered;
                }

                to = answer.Answered;
            }

            reigns.Add((answers.Key, from, to));
        }

        return [.. reigns.OrderBy(reign => reign.From)];
    }

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

/// <summary>Frames that were heard beside the answers.</summary>
/// <param name="Hellos">Of all speakers.</param>
/// <param name="Claims">Gratuitous ARP and unsolicited advertisements, for whatever address.</param>
public sealed record HeardFrames(long Hellos, long Claims);

/// <summary>What was said about each of the addresses that were asked for.</summary>
/// <param name="Addresses">By address.</param>
/// <param name="Asks">When each round of requests went out.</param>
/// <param name="Frames">What else was heard.</param>
public sealed record AnswerLog(ImmutableArray<AddressAnswers> Addresses, ImmutableArray<long> Asks, HeardFrames Frames)
{
    /// <summary>
    /// The longest time in which requests for an address went out and none was answered, counted from the last answered request to the
    /// next. A client that the machine does not let ask has not been left without an answer.
    /// </summary>
    /// <param name="address">The address.</param>
    /// <param name="of">Whose answers count; null: everybody's.</param>
    public TimeSpan LongestUnanswered(AddressAnswers address, IReadOnlySet<string>? of = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        var answered = address.Answers.Where(answer => of is null || of.Contains(answer.Mac)).Select(answer => answer.Asked).ToHashSet();
        long? last = null;
        long longest = 0;
        var missed = false;
        foreach (var ask in Asks)
        {
            if (!answered.Contains(ask))
            {
                missed = true;
            }

            if (missed && last is { } since && (answered.Contains(ask) || ask == Asks[^1]))
            {
                longest = Math.Max(longest, ask - since);
            }

            if (answered.Contains(ask))
            {
                (last, missed) = (ask, false);
            }
        }

        return TimeSpan.FromTicks(longest / 100);
    }

    public AddressAnswers For(System.Net.IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Addresses.First(entry => entry.Address == address.ToString());
    }
}

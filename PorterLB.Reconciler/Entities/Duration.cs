using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using PorterLB.Reconciler.Attributes;

namespace PorterLB.Reconciler.Entities;

/// <summary>
/// A length of time as Kubernetes' users write it (Go's form): <c>100ms</c>, <c>1.5s</c>, <c>1m30s</c>; <c>0</c> is none.
/// Never negative; the finest unit is the millisecond, and a value ends at 24 days (2,147,483,647 ms).
/// </summary>
/// <param name="Value">The length.</param>
/// <remarks>
/// Its schema refuses what does not begin as a number; a unit that is missing or unknown is told by <see cref="DurationConverter"/>,
/// which says what to write.
/// </remarks>
[Length(-1, 32)]
[Pattern("^[0-9][0-9a-zA-Z. ]*$")]
[JsonConverter(typeof(DurationConverter))]
public readonly record struct Duration(TimeSpan Value)
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(int.MaxValue);

    /// <summary>The length.</summary>
    /// <param name="duration">The duration.</param>
    public static implicit operator TimeSpan(Duration duration) => duration.Value;

    /// <summary>Of this many milliseconds.</summary>
    /// <param name="milliseconds">The number.</param>
    public static Duration FromMilliseconds(long milliseconds) => new(TimeSpan.FromMilliseconds(milliseconds));

    /// <summary>Reads a duration; false when the text is none.</summary>
    /// <param name="text">The text.</param>
    /// <param name="duration">The duration.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out Duration duration)
    {
        duration = default;
        if (text == "0")
            return true;
        if (string.IsNullOrEmpty(text) || text.Length > 32)
            return false;
        var sum = 0m;
        var rest = text.AsSpan();
        while (rest.Length > 0)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits < 1
                || rest[0] == '.'
                || rest[digits - 1] == '.'
                || !decimal.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
                || number > int.MaxValue)
                return false;
            rest = rest[digits..];
            (decimal factor, int length) = rest switch
            {
                ['m', 's', ..] => (1m, 2),
                ['s', ..] => (1_000m, 1),
                ['m', ..] => (60_000m, 1),
                ['h', ..] => (3_600_000m, 1),
                _ => (0m, 0),
            };
            if (length == 0)
                return false;
            sum += number * factor;
            rest = rest[length..];
        }

        if (sum > (decimal)Longest.TotalMilliseconds)
            return false;
        duration = new(TimeSpan.FromMilliseconds((double)sum));
        return true;
    }

    /// <summary>The shortest form that <see cref="TryParse"/> reads back, as Go writes it: <c>1m30s</c>, <c>100ms</c>, <c>0</c>.</summary>
    public override string ToString()
    {
        if (Value == TimeSpan.Zero)
            return "0";
        if (Value < TimeSpan.FromSeconds(1))
            return string.Create(CultureInfo.InvariantCulture, $"{Value.TotalMilliseconds:0.####}ms");
        var text = new StringBuilder();
        if (Value.TotalHours >= 1)
            text.Append(CultureInfo.InvariantCulture, $"{(long)Value.TotalHours}h");
        if (Value.Minutes > 0)
            text.Append(CultureInfo.InvariantCulture, $"{Value.Minutes}m");
        var seconds = new TimeSpan(0, 0, 0, Value.Seconds, Value.Milliseconds, Value.Microseconds).TotalSeconds;
        if (seconds > 0)
            text.Append(CultureInfo.InvariantCulture, $"{seconds:0.######}s");
        return text.ToString();
    }
}

/// <summary>JSON of a <see cref="Duration"/>: a string.</summary>
public sealed class DurationConverter : JsonConverter<Duration>
{
    /// <inheritdoc/>
    public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return Duration.TryParse(text, out var duration)
            ? duration
            : throw new JsonException($"'{text}' is not a duration: write a number and a unit, as in \"100ms\", \"2s\" or \"1m30s\".");
    }

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.ToString());
}

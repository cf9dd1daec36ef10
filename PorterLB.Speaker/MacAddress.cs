using System.Globalization;

namespace PorterLB.Speaker;

/// <summary>A 48-bit Ethernet address, as a value: compared, hashed and copied without allocation.</summary>
public readonly record struct MacAddress
{
    /// <summary>Number of bytes on the wire.</summary>
    public const int Length = 6;

    private readonly ulong _value;

    private MacAddress(ulong value) => _value = value;

    /// <summary>ff:ff:ff:ff:ff:ff.</summary>
    public static MacAddress Broadcast { get; } = new(0xffff_ffff_ffff);

    /// <summary>Whether the group bit is set: multicast or broadcast, never a sender.</summary>
    public bool IsMulticast => (_value & 0x0100_0000_0000) != 0;

    /// <summary>Whether this is 00:00:00:00:00:00, which no interface has.</summary>
    public bool IsZero => _value == 0;

    /// <summary>Reads six bytes in network order.</summary>
    /// <param name="bytes">At least six bytes; only the first six are read.</param>
    public static MacAddress Read(ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        foreach (var octet in bytes[..Length])
        {
            value = (value << 8) | octet;
        }

        return new MacAddress(value);
    }

    /// <summary>Reads "02:00:00:00:00:01" (or with dashes, or without separators).</summary>
    /// <exception cref="FormatException">The text is no 48-bit address.</exception>
    public static MacAddress Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var digits = text.Replace(":", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        return digits.Length == 2 * Length && ulong.TryParse(digits, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value)
            ? new MacAddress(value)
            : throw new FormatException($"'{text}' is no MAC address; write it as 02:00:00:00:00:01.");
    }

    /// <summary>Writes six bytes in network order.</summary>
    public void Write(Span<byte> destination)
    {
        for (var i = 0; i < Length; i++)
        {
            destination[i] = (byte)(_value >> (8 * (Length - 1 - i)));
        }
    }

    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(17, _value, static (text, value) =>
        {
            for (var i = 0; i < Length; i++)
            {
                if (i > 0)
                {
                    text[(i * 3) - 1] = ':';
                }

                ((byte)(value >> (8 * (Length - 1 - i)))).TryFormat(text.Slice(i * 3, 2), out _, "x2", CultureInfo.InvariantCulture);
            }
        });
}

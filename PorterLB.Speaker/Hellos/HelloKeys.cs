using System.Collections.Immutable;
using System.Security.Cryptography;

namespace PorterLB.Speaker.Hellos;

/// <summary>
/// The keys that prove a hello to be of this cluster. The first signs, all of them verify, so that keys can be exchanged one
/// speaker after the other.
/// </summary>
internal sealed class HelloKeys
{
    private readonly ImmutableArray<byte[]> _keys;

    /// <param name="keys">One or two keys of at least 16 bytes each.</param>
    /// <exception cref="ArgumentException">There are none or more than two, or one is too short.</exception>
    public HelloKeys(ImmutableArray<byte[]> keys)
    {
        if (keys.IsDefault || keys.Length is 0 or > 2)
        {
            throw new ArgumentException("One hello key is needed; a second one is allowed while keys are being exchanged.", nameof(keys));
        }

        if (keys.Any(key => key is null || key.Length < MinLength))
        {
            throw new ArgumentException($"A hello key must have at least {MinLength} bytes, better 32 random ones.", nameof(keys));
        }

        _keys = [.. keys.Select(key => (byte[])key.Clone())];
    }

    /// <summary>Bytes of a key at least.</summary>
    public const int MinLength = 16;

    /// <summary>Writes the signature of the message with the first key.</summary>
    public void Sign(ReadOnlySpan<byte> message, Span<byte> signature) => HMACSHA256.HashData(_keys[0], message, signature);

    /// <summary>Whether one of the keys made this signature. Takes the same time wherever the signatures differ.</summary>
    public bool Verify(ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        Span<byte> expected = stackalloc byte[HelloLayout.SignatureLength];
        foreach (var key in _keys)
        {
            HMACSHA256.HashData(key, message, expected);
            if (CryptographicOperations.FixedTimeEquals(expected, signature))
            {
                return true;
            }
        }

        return false;
    }
}

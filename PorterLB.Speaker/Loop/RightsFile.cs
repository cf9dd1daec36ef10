using System.Collections.Immutable;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// The rights on disk, for a start while their source is out of reach: without them, speakers that all restart at once would know no
/// address and answer for none. Nothing of the wire is kept: every live holder repeats its claims.
/// </summary>
/// <param name="path">The file. Its folder must be writable and may be empty after a boot.</param>
/// <param name="bootId">Names this boot of the machine.</param>
/// <param name="time">The wall clock.</param>
internal sealed class RightsFile(string path, string bootId, TimeProvider time)
{
    /// <summary>Older rights are forgotten: who knows what was released since.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(60);

    /// <summary>How often the file must be touched while the rights stand, so that their age is counted from when they were last true.</summary>
    public static readonly TimeSpan TouchInterval = TimeSpan.FromSeconds(15);

    /// <summary>The rights, if there are any that may still be used.</summary>
    /// <exception cref="IOException">The file is there and cannot be read.</exception>
    public Rights? Read()
    {
        if (!File.Exists(path))
        {
            return null;
        }

        var age = time.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(path));
        if (age > MaxAge || age < -MaxAge)
        {
            return null;
        }

        try
        {
            var saved = JsonSerializer.Deserialize(File.ReadAllBytes(path), RightsJson.Default.SavedRights);
            return saved is null || saved.BootId != bootId
                ? null
                : new Rights(saved.Addresses.Select(address => address.ToRights()).ToImmutableDictionary(rights => rights.Address));
        }
        catch (Exception error) when (error is JsonException or FormatException or ArgumentException)
        {
            throw new IOException($"{path} holds no rights of ours ({error.Message}); it is not used and will be written anew.", error);
        }
    }

    /// <summary>Replaces the file in one step: whoever reads it finds the old rights or the new ones, whenever this process dies.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(Rights rights)
    {
        var saved = new SavedRights(bootId, [.. rights.Addresses.Values.Select(SavedAddress.From)]);
        var fresh = path + ".new";
        File.WriteAllBytes(fresh, JsonSerializer.SerializeToUtf8Bytes(saved, RightsJson.Default.SavedRights));
        File.Move(fresh, path, overwrite: true);
    }

    /// <summary>Says that the rights in it still stand.</summary>
    /// <exception cref="IOException">It cannot be touched.</exception>
    public void Touch() => File.SetLastWriteTimeUtc(path, time.GetUtcNow().UtcDateTime);
}

/// <summary>What the file holds.</summary>
internal sealed record SavedRights(string BootId, ImmutableArray<SavedAddress> Addresses);

/// <summary>The rights for one address, in words that JSON knows. Times are milliseconds.</summary>
internal sealed record SavedAddress(
    string Address,
    long Epoch,
    string? Elected,
    ImmutableArray<string> Eligible,
    ImmutableArray<string> Interfaces,
    double HeartbeatInterval,
    double DeadAfter,
    bool Probe,
    ConflictPolicy OnConflict,
    double RefreshInterval)
{
    public static SavedAddress From(AddressRights rights) => new(
        rights.Address.ToString(),
        rights.Epoch,
        rights.Elected,
        rights.Eligible,
        rights.Interfaces,
        rights.Policy.HeartbeatInterval.TotalMilliseconds,
        rights.Policy.DeadAfter.TotalMilliseconds,
        rights.Policy.Probe,
        rights.Policy.OnConflict,
        rights.Policy.RefreshInterval.TotalMilliseconds);

    public AddressRights ToRights() => new()
    {
        Address = IPAddress.Parse(Address),
        Epoch = Epoch,
        Elected = Elected,
        Eligible = Eligible,
        Interfaces = Interfaces,
        Policy = new AnnouncementPolicy
        {
            HeartbeatInterval = TimeSpan.FromMilliseconds(HeartbeatInterval),
            DeadAfter = TimeSpan.FromMilliseconds(DeadAfter),
            Probe = Probe,
            OnConflict = OnConflict,
            RefreshInterval = TimeSpan.FromMilliseconds(RefreshInterval),
        },
    };
}

[JsonSerializable(typeof(SavedRights))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true)]
internal sealed partial class RightsJson : JsonSerializerContext;

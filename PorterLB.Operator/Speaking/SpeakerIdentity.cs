using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace PorterLB.Operator.Speaking;

/// <summary>What a speaker must know of its cluster before it can say a word; all of it comes from the API server.</summary>
/// <param name="ClusterTag">Tells this cluster's hellos from a neighbour's.</param>
/// <param name="Keys">One or two keys of the hellos.</param>
internal sealed record SpeakerIdentity(ImmutableArray<byte> ClusterTag, ImmutableArray<byte[]> Keys);

/// <summary>
/// The identity in a file, for a start while the API server is out of reach: with the key it is a secret, so nobody but its owner may
/// read it, and the folder should be memory (the DaemonSet's is). Of this boot only: a disk that outlives the machine gives nothing away.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="bootId">Names this boot of the machine.</param>
internal sealed class IdentityFile(string path, string bootId)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>The identity, or null when there is none of this boot.</summary>
    /// <exception cref="IOException">The file is there and cannot be used.</exception>
    public SpeakerIdentity? Read()
    {
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            var kept = JsonSerializer.Deserialize(File.ReadAllBytes(path), IdentityJson.Default.KeptIdentity);
            return kept is null || kept.BootId != bootId ? null : new SpeakerIdentity([.. kept.ClusterTag], [.. kept.Keys]);
        }
        catch (JsonException exception)
        {
            throw new IOException($"{path} is not what a speaker wrote ({exception.Message}); it is not used and will be written anew.", exception);
        }
    }

    /// <summary>Replaces the file in one step.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(SpeakerIdentity identity)
    {
        var kept = new KeptIdentity(bootId, [.. identity.ClusterTag], [.. identity.Keys]);
        var fresh = path + ".new";

        // Made anew: an old one may have come with other permissions.
        File.Delete(fresh);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        using (var stream = new FileStream(fresh, options))
        {
            JsonSerializer.Serialize(stream, kept, IdentityJson.Default.KeptIdentity);
        }

        File.Move(fresh, path, overwrite: true);
    }
}

/// <summary>What the file holds.</summary>
internal sealed record KeptIdentity(string BootId, byte[] ClusterTag, byte[][] Keys);

[JsonSerializable(typeof(KeptIdentity))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class IdentityJson : JsonSerializerContext;

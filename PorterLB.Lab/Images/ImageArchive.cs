using System.Formats.Tar;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace PorterLB.Lab.Images;

/// <summary>
/// Writes a container image of one layer as a file, without a container daemon: an OCI layout that is a Docker archive too, so that
/// <c>ctr images import</c>, <c>docker load</c>, <c>podman load</c> and <c>skopeo copy oci-archive:</c> all take it.
/// The same content gives the same bytes.
/// </summary>
public static class ImageArchive
{
    private const string LayerType = "application/vnd.oci.image.layer.v1.tar";
    private const string ConfigType = "application/vnd.oci.image.config.v1+json";
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="archive">The file to write.</param>
    /// <param name="image">What it is, such as <c>porterlb:dev</c>, and how it starts.</param>
    /// <param name="files">What is in it, parents first.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task WriteAsync(string archive, ImageDescription image, IReadOnlyList<ImageFile> files, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(files);
        var layer = await LayerAsync(files, cancellationToken);
        var config = Bytes(new JsonObject
        {
            ["architecture"] = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "amd64",
            ["os"] = "linux",
            ["created"] = "1970-01-01T00:00:00Z",
            ["config"] = new JsonObject
            {
                ["User"] = image.User,
                ["Entrypoint"] = new JsonArray([.. image.Entrypoint.Select(word => (JsonNode)JsonValue.Create(word))]),
                ["WorkingDir"] = "/",
                ["Labels"] = new JsonObject { ["org.opencontainers.image.title"] = image.Title, ["org.opencontainers.image.licenses"] = "Apache-2.0" },
            },
            ["rootfs"] = new JsonObject { ["type"] = "layers", ["diff_ids"] = new JsonArray(Digest(layer)) },
        });
        var manifest = Bytes(new JsonObject
        {
            ["schemaVersion"] = 2,
            ["mediaType"] = ManifestType,
            ["config"] = Descriptor(ConfigType, config),
            ["layers"] = new JsonArray(Descriptor(LayerType, layer)),
        });
        var described = Descriptor(ManifestType, manifest);
        described["annotations"] = new JsonObject
        {
            ["io.containerd.image.name"] = image.FullName,
            ["org.opencontainers.image.ref.name"] = image.Name[(image.Name.LastIndexOf(':') + 1)..],
        };
        var index = Bytes(new JsonObject { ["schemaVersion"] = 2, ["manifests"] = new JsonArray(described) });
        var docker = Bytes(new JsonArray(new JsonObject
        {
            ["Config"] = Blob(config),
            ["RepoTags"] = new JsonArray(image.Name),
            ["Layers"] = new JsonArray(Blob(layer)),
        }));

        // Beside it and renamed, so that an interrupted run leaves no half an image under its name.
        await using (var stream = File.Create(archive + ".new"))
        await using (var writer = new TarWriter(stream, TarEntryFormat.Ustar))
        {
            (string Name, byte[] Content)[] entries =
            [
                ("oci-layout", Encoding.UTF8.GetBytes("""{"imageLayoutVersion":"1.0.0"}""")), ("index.json", index), ("manifest.json", docker),
                (Blob(manifest), manifest), (Blob(config), config), (Blob(layer), layer),
            ];
            foreach (var (name, content) in entries)
            {
                await WriteFileAsync(writer, name, content, executable: false, cancellationToken);
            }
        }

        File.Move(archive + ".new", archive, overwrite: true);
    }

    private static async Task<byte[]> LayerAsync(IReadOnlyList<ImageFile> files, CancellationToken cancellationToken)
    {
        using var stream = new MemoryStream();
        await using (var writer = new TarWriter(stream, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var file in files)
            {
                switch (file)
                {
                    case ImageFile.Folder folder:
                        await writer.WriteEntryAsync(
                            new UstarTarEntry(TarEntryType.Directory, folder.Path + "/") { Mode = folder.Mode, ModificationTime = DateTimeOffset.UnixEpoch }, cancellationToken);
                        break;
                    case ImageFile.Link link:
                        await writer.WriteEntryAsync(
                            new UstarTarEntry(TarEntryType.SymbolicLink, link.Path) { LinkName = link.Target, ModificationTime = DateTimeOffset.UnixEpoch }, cancellationToken);
                        break;
                    case ImageFile.Text text:
                        await WriteFileAsync(writer, text.Path, Encoding.UTF8.GetBytes(text.Content), executable: false, cancellationToken);
                        break;
                    case ImageFile.Program program:
                        await WriteFileAsync(writer, program.Path, await File.ReadAllBytesAsync(program.Source, cancellationToken), executable: true, cancellationToken);
                        break;
                }
            }
        }

        return stream.ToArray();
    }

    private static async Task WriteFileAsync(TarWriter writer, string name, byte[] content, bool executable, CancellationToken cancellationToken)
    {
        var execute = executable ? UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute : UnixFileMode.None;
        await using var data = new MemoryStream(content);
        await writer.WriteEntryAsync(
            new UstarTarEntry(TarEntryType.RegularFile, name)
            {
                Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead | execute,
                ModificationTime = DateTimeOffset.UnixEpoch,
                DataStream = data,
            },
            cancellationToken);
    }

    private static byte[] Bytes(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString(Plain));

    private static string Hash(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string Digest(byte[] content) => $"sha256:{Hash(content)}";

    private static string Blob(byte[] content) => $"blobs/sha256/{Hash(content)}";

    private static JsonObject Descriptor(string type, byte[] content) =>
        new() { ["mediaType"] = type, ["digest"] = Digest(content), ["size"] = content.Length };
}

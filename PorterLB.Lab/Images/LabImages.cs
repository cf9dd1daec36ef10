using PorterLB.Lab.Workload;

namespace PorterLB.Lab.Images;

/// <summary>The images of a lab: PorterLB's own, the workload's, and the one that holds a Pod's namespaces.</summary>
public static class LabImages
{
    public const string Product = "porterlb:dev";
    public const string Echo = "lab/echo:1";
    public const string Pause = "lab/pause:1";

    /// <summary>Opened by name while it runs: packets, and TLS.</summary>
    private static readonly string[] OpenedLibraries = ["libpcap.so.0.8", "libssl.so.3", "libcrypto.so.3"];

    /// <summary>PorterLB's image from its native executable and the libraries of this machine: no shell, no package manager, no root.</summary>
    public static async Task WriteProductAsync(string archive, CancellationToken cancellationToken = default)
    {
        var binary = Repository.Binary;
        if (File.Exists(Path.Combine(Path.GetDirectoryName(binary)!, "framework-dependent")))
        {
            throw new LabException($"{binary} needs the .NET runtime (it was built with AOT=0), which an image of its own does not have; make the native one with: make build");
        }

        var files = new List<ImageFile>();
        AddFolders(files, ["etc", "tmp", "proc", "sys", "dev", "run"]);
        files.Add(new ImageFile.Text("etc/passwd", "root:x:0:0:root:/:/none\nnonroot:x:65532:65532:nonroot:/tmp:/none\n"));
        files.Add(new ImageFile.Text("etc/group", "root:x:0:\nnonroot:x:65532:\n"));
        files.Add(new ImageFile.Text("etc/nsswitch.conf", "hosts: files dns\n"));
        foreach (var library in await SharedLibraries.OfAsync(binary, OpenedLibraries, cancellationToken))
        {
            var path = library.TrimStart('/');
            AddFolders(files, Parents(path));
            files.Add(new ImageFile.Program(path, library));
            if (library.EndsWith("/libpcap.so.0.8", StringComparison.Ordinal))
            {
                files.Add(new ImageFile.Link(path[..^".0.8".Length], "libpcap.so.0.8"));
            }
        }

        files.Add(new ImageFile.Program("porterlb", binary));
        await ImageArchive.WriteAsync(
            archive, new ImageDescription(Product, "PorterLB", "65532:65532", ["/porterlb"]), files, cancellationToken);
    }

    internal static async Task<IReadOnlyList<string>> WriteWorkloadsAsync(string folder, string pause, Action<string> say, CancellationToken cancellationToken)
    {
        var echo = await EchoServer.BinaryAsync(say, cancellationToken);
        string[] archives = [Path.Combine(folder, "pause.tar"), Path.Combine(folder, "echo.tar")];
        await ImageArchive.WriteAsync(
            archives[0], new ImageDescription(Pause, "pause", "", ["/pause"]), [new ImageFile.Program("pause", pause)], cancellationToken);
        var files = new List<ImageFile>();
        AddFolders(files, ["etc", "tmp", "proc", "sys", "dev"]);
        files.Add(new ImageFile.Program("echo", echo));
        await ImageArchive.WriteAsync(archives[1], new ImageDescription(Echo, "echo", "", ["/echo"]), files, cancellationToken);
        return archives;
    }

    private static void AddFolders(List<ImageFile> files, IEnumerable<string> folders)
    {
        foreach (var folder in folders.Where(folder => !files.Exists(file => file.Path == folder)))
        {
            files.Add(new ImageFile.Folder(folder, folder == "tmp" ? ImageFile.Folder.Shared : ImageFile.Folder.Ordinary));
        }
    }

    private static IEnumerable<string> Parents(string path)
    {
        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            yield return path[..slash];
        }
    }
}

namespace PorterLB.Lab.Setup;

/// <summary>Something that has to be on the machine.</summary>
/// <param name="Package">Debian's name of it.</param>
/// <param name="Evidence">A command on the PATH, or a file (a path), that shows that it is there.</param>
/// <param name="Purpose">Why, in the words that are printed when it is installed.</param>
public sealed record Tool(string Package, string Evidence, string Purpose)
{
    private static readonly string[] SystemFolders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

    public static IReadOnlyList<Tool> Network { get; } =
    [
        new("iproute2", "ip", "makes the lab's hosts, cables and switch"),
        new("util-linux", "nsenter", "runs programs on the lab's hosts"),
        new("iputils-arping", "arping", "asks who has an IPv4 address"),
        new("ndisc6", "ndisc6", "asks who has an IPv6 address"),
        new("tcpdump", "tcpdump", "shows what is on the wire"),
        new("iptables", "ebtables", "loses frames in one direction"),
        new("curl", "curl", "is the client of the demo"),
        new("libpcap0.8", "/usr/lib/*/libpcap.so.0.8", "is how the speaker reads and writes frames"),
        new("gcc", "gcc", "compiles the lab's small test server"),
        new("libc6-dev", "/usr/lib/*/libc.a", "compiles the lab's small test server"),
    ];

    /// <summary>What the tests need beside what a lab does.</summary>
    public static IReadOnlyList<Tool> Tests { get; } =
    [
        new("tshark", "tshark", "reads the speakers' frames back, and complains of what is wrong with them"),
    ];

    public static IReadOnlyList<Tool> Nodes { get; } =
    [
        new("iptables", "iptables", "is what kube-proxy forwards with"),
        new("conntrack", "conntrack", "lets kube-proxy forget flows of Pods that are gone"),
        new("mount", "mount", "mounts the Pods' volumes"),
    ];

    public static IReadOnlyList<Tool> KubernetesCompiler { get; } =
    [
        new("golang-go", "go", "compiles Kubernetes"),
        new("golang-github-modern-go-reflect2-dev", "/usr/share/gocode/src/github.com/modern-go/reflect2/*.go", "replaces a copy in Kubernetes' sources that breaks under this Go"),
        new("make", "make", "compiles Kubernetes"),
        new("rsync", "rsync", "is used by Kubernetes' makefile"),
        new("jq", "jq", "is used by Kubernetes' makefile"),
        new("gcc", "gcc", "compiles the pause container"),
        new("libc6-dev", "/usr/lib/*/libc.a", "compiles the pause container"),
        new("xz-utils", "xz", "unpacks Kubernetes' sources"),
        new("dpkg-dev", "dpkg-source", "fetches Kubernetes' sources"),
    ];

    public static IReadOnlyList<Tool> NativeCompiler { get; } =
    [
        new("clang", "clang", "links the native executable"),
        new("zlib1g-dev", "/usr/include/zlib.h", "is linked into the native executable"),
        new("libpcap0.8", "/usr/lib/*/libpcap.so.0.8", "is how the speaker reads and writes frames"),
    ];

    public bool IsPresent => Evidence.Contains('/', StringComparison.Ordinal) ? MatchesFile(Evidence) : Find(Evidence) is not null;

    /// <summary>Where a command is, on the PATH or in the system's folders (some shells leave /usr/sbin out).</summary>
    public static string? Find(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Concat(SystemFolders)
            .Select(folder => Path.Combine(folder, command))
            .FirstOrDefault(File.Exists);

    private static bool MatchesFile(string pattern)
    {
        var folders = new List<string> { "/" };
        var parts = pattern.Split('/', StringSplitOptions.RemoveEmptyEntries);
        foreach (var part in parts[..^1])
        {
            folders = [.. folders.Where(Directory.Exists).SelectMany(folder => Directory.GetDirectories(folder, part))];
        }

        return folders.Exists(folder => Directory.Exists(folder) && Directory.EnumerateFileSystemEntries(folder, parts[^1]).Any());
    }
}

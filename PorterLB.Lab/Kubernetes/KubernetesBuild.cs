using System.Diagnostics;
using PorterLB.Lab.Processes;
using PorterLB.Lab.Setup;

namespace PorterLB.Lab.Kubernetes;

/// <summary>Compiles Kubernetes, node programs included, from Debian's source package with Debian's Go, into the cache, once.</summary>
public static class KubernetesBuild
{
    public const string Version = "1.20.2";

    private const long NeededBytes = 6L << 30;

    /// <summary>Results in Go's cache when all is compiled; for showing how far it is.</summary>
    private const int CompiledAtTheEnd = 6150;

    private static readonly string[] Programs = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet"];

    private static string Name => $"kubernetes-{Version}";

    /// <summary>The folder with the programs.</summary>
    public static Task<string> MakeAsync(Action<string> say, CancellationToken cancellationToken) =>
        CacheFolder.MakeOnceAsync(Name, folder => CompileAsync(folder, say, cancellationToken), say, cancellationToken);

    private static async Task CompileAsync(string folder, Action<string> say, CancellationToken cancellationToken)
    {
        var free = new DriveInfo(folder).AvailableFreeSpace;
        if (free < NeededBytes)
        {
            throw new LabException($"Compiling Kubernetes takes {NeededBytes >> 30} GB for a while and {folder} has {free >> 20} MB free; free some, or set PORTERLB_CACHE to a larger disk.");
        }

        say($"Kubernetes {Version} is not in {CacheFolder.Path}: it is compiled once, from Debian's source package.");
        using var progress = new BuildProgress(say);
        progress.Begin("installing the compiler", TimeSpan.FromSeconds(30));
        await new Toolbox(say).InstallAsync(Tool.KubernetesCompiler, cancellationToken);

        var work = Path.Combine(folder, "work");
        var source = Path.Combine(work, "gopath/src/k8s.io/kubernetes");
        Directory.CreateDirectory(source);
        progress.Begin("fetching the sources", TimeSpan.FromSeconds(25));
        await DebianMirror.FetchSourceAsync("bookworm", "kubernetes", work, cancellationToken);

        progress.Begin("unpacking the sources", TimeSpan.FromSeconds(15));
        var archive = Directory.GetFiles(work, "kubernetes_*.orig.tar.*").Single(file => !file.EndsWith(".asc", StringComparison.Ordinal));
        await new Command("tar", "xf", archive, "-C", source, "--strip-components=1").RunAsync(cancellationToken);
        await ReplaceReflect2Async(source, cancellationToken);

        // Two processors take nine minutes for this part; the linker alone is a third of it and uses one.
        progress.Begin("compiling " + string.Join(", ", Programs), TimeSpan.FromSeconds(180 + (720.0 / Environment.ProcessorCount)));
        var output = Path.Combine(source, "_output/local/go/bin");
        var compiled = Path.Combine(source, "_output/local/go/cache");
        progress.Watch(() => Directory.Exists(compiled)
            ? $"{Math.Min(99, 100 * Directory.EnumerateFiles(compiled, "*-a", SearchOption.AllDirectories).Count() / CompiledAtTheEnd)} % of the packages"
            : "nothing yet");
        var make = new Command("make", $"WHAT={string.Join(' ', Programs.Select(program => "cmd/" + program))}",
            $"KUBE_GIT_VERSION=v{Version}", "KUBE_GIT_MAJOR=1", "KUBE_GIT_MINOR=20", "KUBE_GIT_COMMIT=debian", "KUBE_GIT_TREE_STATE=clean")
        {
            WorkingDirectory = source,
            InOwnSession = true,
        };
        // Without the clouds' drivers and the kubelet's Docker: nothing here uses them, and they are a third of the work.
        await make.With("GOPATH", Path.Combine(work, "gopath")).With("CGO_ENABLED", "0").With("GOFLAGS", "-tags=providerless,dockerless").With("LC_ALL", "C.UTF-8")
            .RunAsync(cancellationToken);

        progress.Begin("finishing", TimeSpan.FromSeconds(5));
        foreach (var program in Programs)
        {
            File.Move(Path.Combine(output, program), Path.Combine(folder, program));
        }

        await new Command("gcc", "-Os", "-static", "-x", "c", "-o", Path.Combine(folder, "pause"), "-") { Input = Pause }.RunAsync(cancellationToken);
        CacheFolder.DeleteTree(work);
    }

    /// <summary>
    /// The vendored reflect2 1.0.1 corrupts maps under Go 1.18 and later: the API server dies of "unexpected fault address" within
    /// minutes. Debian's package of 1.0.2 is the cure.
    /// </summary>
    private static async Task ReplaceReflect2Async(string source, CancellationToken cancellationToken) =>
        await (Command.Shell("""
            rm -f ./*.go ./*.s
            cp /usr/share/gocode/src/github.com/modern-go/reflect2/*.go /usr/share/gocode/src/github.com/modern-go/reflect2/*.s .
            rm -f ./*_test.go
            """) with { WorkingDirectory = Path.Combine(source, "vendor/github.com/modern-go/reflect2") }).RunAsync(cancellationToken);

    private const string Pause = """
        #include <signal.h>
        #include <unistd.h>
        static void bye(int s) { _exit(0); }
        int main(void) { signal(SIGTERM, bye); signal(SIGINT, bye); for (;;) pause(); }
        """;

    /// <summary>Says each step when it begins, and every quarter of a minute how far it is.</summary>
    private sealed class BuildProgress : IDisposable
    {
        private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);
        private readonly long _started = Stopwatch.GetTimestamp();
        private readonly Action<string> _say;
        private readonly Timer _timer;
        private string _step = "";
        private long _stepStarted;
        private TimeSpan _estimate;
        private Func<string>? _detail;

        public BuildProgress(Action<string> say)
        {
            _say = say;
            _timer = new Timer(_ => Tell(), null, Period, Period);
        }

        public void Begin(string step, TimeSpan estimate)
        {
            (_step, _estimate, _stepStarted, _detail) = (step, estimate, Stopwatch.GetTimestamp(), null);
            Tell();
        }

        public void Watch(Func<string> detail) => _detail = detail;

        public void Dispose() => _timer.Dispose();

        private void Tell()
        {
            var left = _estimate - Stopwatch.GetElapsedTime(_stepStarted);
            var detail = _detail is null ? "" : $", {_detail()}";
            var outlook = left > TimeSpan.FromSeconds(1) ? $"about {left:m\\:ss} left in this step" : "longer than estimated";
            _say($"  [{Stopwatch.GetElapsedTime(_started):m\\:ss}] {_step}{detail} ({outlook})");
        }
    }
}

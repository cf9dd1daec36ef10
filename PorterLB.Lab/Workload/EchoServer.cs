using PorterLB.Lab.Processes;
using PorterLB.Lab.Setup;

namespace PorterLB.Lab.Workload;

/// <summary>The small server that stands behind the lab's Services and says who it is; a static program, compiled once.</summary>
internal static class EchoServer
{
    private static readonly string Source = ReadSource();

    public static async Task<string> BinaryAsync(Action<string> say, CancellationToken cancellationToken)
    {
        // Named after what it is made of: a changed source is another program.
        var hash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(Source)))[..12];
        var folder = await CacheFolder.MakeOnceAsync(
            $"echo-{hash}",
            async folder =>
            {
                await new Toolbox(say).InstallAsync(Tool.Network.Where(tool => tool.Package is "gcc" or "libc6-dev"), cancellationToken);
                await (new Command("gcc", "-O2", "-static", "-x", "c", "-o", Path.Combine(folder, "echo"), "-") with { Input = Source })
                    .RunAsync(cancellationToken);
            },
            say,
            cancellationToken);
        return Path.Combine(folder, "echo");
    }

    private static string ReadSource()
    {
        using var stream = typeof(EchoServer).Assembly.GetManifestResourceStream("echo.c")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

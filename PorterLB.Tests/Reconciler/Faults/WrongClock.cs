using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using PorterLB.Lab.Processes;
using PorterLB.Lab.Setup;

namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>
/// A wall clock that is wrong, for one program: a library that is loaded before the C library moves what the program is told. The monotonic
/// clock goes on as it does.
/// </summary>
internal static class WrongClock
{
    private const string Source = """
        #define _GNU_SOURCE
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <time.h>
        #include <unistd.h>

        int clock_gettime(clockid_t clock, struct timespec *now) {
          int result = syscall(SYS_clock_gettime, clock, now);
          if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += atol(getenv("WRONG_BY"));
          return result;
        }

        int gettimeofday(struct timeval *now, void *zone) {
          struct timespec precise;
          if (clock_gettime(CLOCK_REALTIME, &precise)) return -1;
          now->tv_sec = precise.tv_sec;
          now->tv_usec = precise.tv_nsec / 1000;
          return 0;
        }

        time_t time(time_t *now) {
          struct timespec precise;
          clock_gettime(CLOCK_REALTIME, &precise);
          if (now) *now = precise.tv_sec;
          return precise.tv_sec;
        }
        """;

    public static async Task<Command> WithClockWrongByAsync(this Command command, TimeSpan difference, CancellationToken cancellationToken)
    {
        // Named after what it is made of: a changed source is another library.
        var name = $"wrong-clock-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Source)))[..12]}";
        var folder = await CacheFolder.MakeOnceAsync(
            name,
            async folder =>
            {
                await new Toolbox(_ => { }).InstallAsync(Tool.Network.Where(tool => tool.Package is "gcc" or "libc6-dev"), cancellationToken);
                await (new Command("gcc", "-O2", "-shared", "-fPIC", "-x", "c", "-o", Path.Combine(folder, "clock.so"), "-") with { Input = Source })
                    .RunAsync(cancellationToken);
            },
            _ => { },
            cancellationToken);
        return command.Behind("env", $"LD_PRELOAD={Path.Combine(folder, "clock.so")}", $"WRONG_BY={difference.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)}");
    }
}

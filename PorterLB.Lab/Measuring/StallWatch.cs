using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Measuring;

/// <summary>A time in which a thread that has something to do each tenth of a second did nothing.</summary>
/// <param name="Who">Node and thread; "the machine" when the watch itself, which goes before everybody else, was not run.</param>
/// <param name="Ended">Nanoseconds, monotonic, as in the answers.</param>
/// <param name="Length">How long it was.</param>
/// <param name="Waited">For how much of it the thread was ready to run and had no processor; the rest it waited for something else.</param>
/// <param name="State">What it was seen doing, in the letters of proc(5).</param>
internal sealed record Stall(string Who, long Ended, TimeSpan Length, TimeSpan Waited, string State)
{
    public override string ToString() => $"{Who} did not run for {Length.TotalMilliseconds:0} ms, of which {Waited.TotalMilliseconds:0} ms it waited for a processor ({State})";
}

/// <summary>
/// Tells why speakers' threads did not run: looks at them each 10 ms from a thread that goes before all ordinary ones, until disposed.
/// </summary>
internal sealed class StallWatch : IDisposable
{
    private const int FirstInFirstOut = 1;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(200);

    private readonly Watched[] _watched;
    private readonly List<Stall> _stalls = [];
    private readonly Thread _thread;
    private bool _ended;

    /// <param name="lab">Its speakers run already.</param>
    /// <param name="threads">Beginnings of the names of threads that are never idle for long.</param>
    public StallWatch(LightLab lab, params string[] threads)
    {
        _watched = [.. from node in lab.Nodes from thread in threads from watched in Find(node, thread) select watched];
        _thread = new Thread(Run) { IsBackground = true, Name = "stall watch" };
        _thread.Start();
    }

    /// <summary>All so far.</summary>
    public IReadOnlyList<Stall> Stalls
    {
        get
        {
            lock (_stalls)
            {
                return [.. _stalls];
            }
        }
    }

    public void Dispose()
    {
        Volatile.Write(ref _ended, true);
        _thread.Join();
    }

    private void Run()
    {
        // Fails in a container without the right to it: the watch is then delayed as everybody is.
        var priority = 1;
        _ = SetScheduler(0, FirstInFirstOut, ref priority);
        var before = Stopwatch.GetTimestamp();
        while (!Volatile.Read(ref _ended))
        {
            var away = Stopwatch.GetElapsedTime(before);
            if (away > Least)
            {
                Add(new Stall("the machine", ProbeResult.Now, away, TimeSpan.Zero, "-"));
            }

            before = Stopwatch.GetTimestamp();
            foreach (var thread in _watched)
            {
                if (thread.Look() is { } stall)
                {
                    Add(stall);
                }
            }

            Thread.Sleep(Interval);
        }
    }

    /// <summary>A watch that watches nothing would see no stall: who renames a thread is told here.</summary>
    private static List<Watched> Find(LightNode node, string thread)
    {
        List<Watched> found =
        [
            .. from folder in Directory.GetDirectories($"/proc/{node.Speaker.Id}/task")
               let name = Read($"{folder}/comm")
               where name.StartsWith(thread, StringComparison.Ordinal)
               select new Watched($"{node.Name} {name}", folder),
        ];
        return found.Count > 0 ? found : throw new LabException($"The speaker on {node.Name} has no thread whose name begins with '{thread}'.");
    }

    private void Add(Stall stall)
    {
        lock (_stalls)
        {
            _stalls.Add(stall);
        }
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (IOException)
        {
            // The thread is gone.
            return "";
        }
    }

    [DllImport("libc", EntryPoint = "sched_setscheduler")]
    private static extern int SetScheduler(int process, int policy, ref int priority);

    private sealed class Watched(string name, string folder)
    {
        private (long Times, long Waited) _last;
        private long _since = Stopwatch.GetTimestamp();
        private string _states = "";

        /// <summary>The stall that has just ended, if one has.</summary>
        public Stall? Look()
        {
            // Nanoseconds run, nanoseconds waited for a processor, how often it was run.
            var fields = Read($"{folder}/schedstat").Split(' ');
            if (fields.Length < 3)
            {
                return null;
            }

            var now = (Times: long.Parse(fields[2], CultureInfo.InvariantCulture), Waited: long.Parse(fields[1], CultureInfo.InvariantCulture));
            var length = Stopwatch.GetElapsedTime(_since);
            if (now.Times == _last.Times)
            {
                if (length > Least / 2 && Read($"{folder}/stat") is { Length: > 0 } stat && stat[stat.LastIndexOf(')') + 2] is var state && !_states.Contains(state, StringComparison.Ordinal))
                {
                    _states += state;
                }

                return null;
            }

            var stall = length > Least && _last.Times > 0
                ? new Stall(name, ProbeResult.Now, length, TimeSpan.FromTicks((now.Waited - _last.Waited) / 100), _states)
                : null;
            (_last, _since, _states) = (now, Stopwatch.GetTimestamp(), "");
            return stall;
        }

    }
}

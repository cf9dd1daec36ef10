using System.CommandLine;
using System.Net;
using System.Text.Json;
using PorterLB.Lab.Network;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Commands;

/// <summary>The programs that a lab runs on its client; see <see cref="ClientProgram"/>. Not for people, so not listed.</summary>
internal static class ClientCommands
{
    public static IEnumerable<Command> All() => [Probe(), Observe(), Hold(), Flood(), Replay()];

    private static Command Probe()
    {
        var (interval, targets) = (Interval(), Targets());
        return Hidden("probe", "Probes addresses by UDP and TCP.", [interval], targets, (parsed, started, stop) =>
            {
                started();
                return new ProbeClient([.. parsed.GetRequiredValue(targets).Select(IPEndPoint.Parse)], TimeSpan.FromMilliseconds(parsed.GetRequiredValue(interval))).RunAsync(stop);
            });
    }

    private static Command Observe()
    {
        var (interval, targets) = (Interval(), Targets());
        return Hidden("observe", "Asks by ARP and NDP who has addresses.", [interval], targets, (parsed, started, stop) =>
            {
                started();
                var observer = new AnswerObserver(
                    Host.Interface, [.. parsed.GetRequiredValue(targets).Select(IPAddress.Parse)], TimeSpan.FromMilliseconds(parsed.GetRequiredValue(interval)));
                return OnItsOwnThread(() => observer.Run(stop));
            });
    }

    private static Command Hold()
    {
        var (count, targets) = (new Option<int>("--count") { Required = true }, Targets());
        return Hidden("hold", "Holds TCP connections.", [count], targets, (parsed, started, stop) =>
            new HeldConnections(IPEndPoint.Parse(parsed.GetRequiredValue(targets)[0]), parsed.GetRequiredValue(count)).RunAsync(started, stop));
    }

    private static Command Flood()
    {
        var (rate, targets) = (new Option<int>("--rate") { Required = true }, Targets());
        return Hidden("flood", "Asks for addresses that nobody has.", [rate], targets, (parsed, started, stop) =>
        {
            started();
            return OnItsOwnThread(() => Nuisance.Flood(Host.Interface, IPAddress.Parse(parsed.GetRequiredValue(targets)[0]), parsed.GetRequiredValue(rate), stop));
        });
    }

    private static Command Replay() =>
        Hidden("replay", "Says again what speakers said, and changes it.", [], null, (_, started, stop) =>
        {
            started();
            return OnItsOwnThread(() => Nuisance.Replay(Host.Interface, stop));
        });

    private static Task<T> OnItsOwnThread<T>(Func<T> work) =>
        Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static Option<double> Interval() => new("--interval") { Required = true };

    private static Argument<string[]> Targets() => new("targets") { Arity = ArgumentArity.OneOrMore };

    private static Command Hidden<TResult>(
        string name, string description, Option[] options, Argument? argument, Func<ParseResult, Action, CancellationToken, Task<TResult>> run)
    {
        var command = new Command(name, description) { Hidden = true };
        if (argument is not null)
        {
            command.Arguments.Add(argument);
        }

        foreach (var option in options)
        {
            command.Options.Add(option);
        }

        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            // A thread of its own: one of the pool's, blocked, would delay what is measured.
            new Thread(() =>
            {
                while (Console.In.Read() >= 0)
                {
                }

                stop.Cancel();
            })
            { IsBackground = true }.Start();
            var result = await run(parsed, () => Console.Out.WriteLine(ClientProgram.Started), stop.Token);
            Console.Out.Write(JsonSerializer.Serialize(result));
            return 0;
        });
        return command;
    }
}

using System.CommandLine;
using System.Net;
using System.Text.Json;
using PorterLB.Lab.Network;
using PorterLB.Lab.Probing;

namespace PorterLB.Lab.Commands;

/// <summary>The programs that a lab runs on its client; see <see cref="ClientProgram"/>. Not for people, so not listed.</summary>
internal static class ClientCommands
{
    public static IEnumerable<Command> All() => [Probe(), Observe(), Hold()];

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
                return Task.Factory.StartNew(() => observer.Run(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            });
    }

    private static Command Hold()
    {
        var (count, targets) = (new Option<int>("--count") { Required = true }, Targets());
        return Hidden("hold", "Holds TCP connections.", [count], targets, (parsed, started, stop) =>
            new HeldConnections(IPEndPoint.Parse(parsed.GetRequiredValue(targets)[0]), parsed.GetRequiredValue(count)).RunAsync(started, stop));
    }

    private static Option<double> Interval() => new("--interval") { Required = true };

    private static Argument<string[]> Targets() => new("targets") { Arity = ArgumentArity.OneOrMore };

    private static Command Hidden<TResult>(
        string name, string description, Option[] options, Argument argument, Func<ParseResult, Action, CancellationToken, Task<TResult>> run)
    {
        var command = new Command(name, description) { argument };
        command.Hidden = true;
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
            }) { IsBackground = true }.Start();
            var result = await run(parsed, () => Console.Out.WriteLine(ClientProgram.Started), stop.Token);
            Console.Out.Write(JsonSerializer.Serialize(result));
            return 0;
        });
        return command;
    }
}

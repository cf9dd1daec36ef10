using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;
using PorterLB.Tests.House;

namespace PorterLB.Tests.Speaker.Wire;

/// <summary>The sample of docs/samples on two hosts of one bridge, judged by arping, ndisc6 and tcpdump from a third.</summary>
public partial class TwoSpeakersTests
{
    private const int Client = 3;
    private const string V4 = "192.168.0.91";
    private const string V6 = "2001:db8::91";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public void Exactly_one_answers_whoever_dies_stops_or_is_cut_off()
    {
        Assert.SkipWhen(BridgedHosts.Lacking() is not null, BridgedHosts.Lacking() ?? "");
        using var hosts = new BridgedHosts(3);
        var capture = Path.GetTempFileName();
        try
        {
            var tcpdump = hosts.Start(Client, "tcpdump", "-i", "eth0", "-U", "-w", capture, "-Z", "root");
            Dictionary<int, Process> speakers = new() { [1] = Speaker(hosts, 1) };
            Assert.Equal(1, TheOneThatAnswers(hosts));
            speakers[2] = Speaker(hosts, 2);

            var dead = TheOneThatAnswers(hosts);
            speakers[dead].Kill();
            Assert.NotEqual(dead, TheOneThatAnswers(hosts, not: dead));

            speakers[dead] = Speaker(hosts, dead);
            var cutOff = TheOneThatAnswers(hosts);
            hosts.CutCable(cutOff);
            Assert.NotEqual(cutOff, TheOneThatAnswers(hosts, not: cutOff));
            hosts.PlugCable(cutOff);

            var stopped = TheOneThatAnswers(hosts);
            using var terminate = Process.Start("kill", ["-TERM", $"{speakers[stopped].Id}"]);
            Assert.True(speakers[stopped].WaitForExit(Patience));
            Assert.NotEqual(stopped, TheOneThatAnswers(hosts, not: stopped));

            tcpdump.Kill();
            tcpdump.WaitForExit();
            AssertReadableByTcpdump(hosts, capture);
            AssertNoComplaintByTshark(hosts, capture);
        }
        finally
        {
            File.Delete(capture);
        }
    }

    [Fact]
    public void Without_IPv4_and_behind_a_switch_that_snoops_on_multicast_one_answers_and_is_replaced()
    {
        Assert.SkipWhen(BridgedHosts.Lacking() is not null, BridgedHosts.Lacking() ?? "");
        using var hosts = SnoopingSwitch();
        Dictionary<int, Process> speakers = new() { [1] = Speaker(hosts, 1, V6), [2] = Speaker(hosts, 2, V6) };
        var owner = TheOneThatAnswers(hosts);
        var groups = hosts.Bridge("mdb", "show");
        Assert.Contains($"port {"port" + owner} grp ff02::1:ff00:91", groups, StringComparison.Ordinal);
        Assert.Contains("port port1 grp ff02::114", groups, StringComparison.Ordinal);
        Assert.Contains("port port2 grp ff02::114", groups, StringComparison.Ordinal);
        speakers[owner].Kill();
        Assert.NotEqual(owner, TheOneThatAnswers(hosts, not: owner));
    }

    /// <summary>Three hosts on a switch that forwards multicast only to who asked for it, once it has heard the hosts' own reports.</summary>
    private static BridgedHosts SnoopingSwitch()
    {
        for (var attempt = 1; ; attempt++)
        {
            var hosts = new BridgedHosts(3);
            for (var host = 1; host <= 2; host++)
            {
                hosts.Ip("-n", hosts.In($"h{host}"), "-4", "address", "flush", "dev", "eth0");

                // What no report asked for does not get there: neither solicitations nor hellos are flooded.
                hosts.Bridge("link", "set", "dev", $"port{host}", "mcast_flood", "off");
            }

            hosts.Ip("-n", hosts.In("switch"), "link", "set", "bridge", "type", "bridge", "mcast_snooping", "1", "mcast_querier", "1",
                "mcast_query_interval", "200", "mcast_query_response_interval", "50", "mcast_startup_query_interval", "50");

            // A switch that learns nothing of hosts that have their addresses is none to test speakers on.
            var started = TimeProvider.System.GetTimestamp();
            while (TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(15))
            {
                var groups = hosts.Bridge("mdb", "show");
                if (groups.Contains("port port1 grp ff02::1:ff", StringComparison.Ordinal) && groups.Contains("port port2 grp ff02::1:ff", StringComparison.Ordinal))
                {
                    return hosts;
                }

                Thread.Sleep(50);
            }

            hosts.Dispose();
            Assert.True(attempt < 3, "The switch hears no report of its hosts.");
        }
    }

    private readonly ConcurrentQueue<string> _said = [];

    private Process Speaker(BridgedHosts hosts, int host) => Speaker(hosts, host, V4, V6);

    private Process Speaker(BridgedHosts hosts, int host, params string[] addresses)
    {
        var name = host == 1 ? "a" : "b";
        var configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        var program = Path.Combine(Repository.Root, "docs/samples/SharedAddress/bin", configuration, "net10.0/shared-address.dll");
        var process = hosts.Start(host, ["dotnet", program, name, "a,b", "secret-of-sixteen-letters", .. addresses]);
        using var ready = new ManualResetEventSlim();
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is not null)
            {
                _said.Enqueue(line.Data);
                ready.Set();
            }
        };
        process.BeginOutputReadLine();
        process.ErrorDataReceived += (_, line) => _said.Enqueue($"{name}: {line.Data}");
        process.BeginErrorReadLine();
        Assert.True(ready.Wait(Patience), $"speaker {name} said nothing");
        return process;
    }

    /// <summary>Every hardware address that answers, by ARP and by NDP; both must say the same.</summary>
    private static string[] AnswersOf(BridgedHosts hosts)
    {
        var arp = Macs(hosts.Run(Client, "arping", "-b", "-c", "2", "-w", "1", "-I", "eth0", V4));
        var ndp = Macs(hosts.Run(Client, "ndisc6", "-m", "-n", "-r", "1", "-w", "500", V6, "eth0"));
        return [.. arp.Union(ndp, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Macs(string output) =>
        Mac().Matches(output).Select(match => match.Value.ToLowerInvariant()).Distinct(StringComparer.Ordinal);

    private static void AssertReadableByTcpdump(BridgedHosts hosts, string capture)
    {
        var text = hosts.Run(Client, "tcpdump", "-n", "-e", "-vv", "-r", capture);
        Assert.Contains("192.168.0.1.7474 > 224.0.0.254.7474: [udp sum ok] UDP", text, StringComparison.Ordinal);
        Assert.Contains($"Request who-has {V4} tell {V4}", text, StringComparison.Ordinal);
        Assert.Contains($"Reply {V4} is-at 02:00:00:00:00:0", text, StringComparison.Ordinal);
        Assert.Contains($"Request who-has {V4} tell 0.0.0.0", text, StringComparison.Ordinal);
        Assert.Contains($"neighbor advertisement, length 32, tgt is {V6}, Flags [override]", text, StringComparison.Ordinal);
        Assert.Contains($"neighbor advertisement, length 32, tgt is {V6}, Flags [solicited, override]", text, StringComparison.Ordinal);
        foreach (var complaint in new[] { "bad ", "wrong", "invalid", "truncated", "malformed" })
        {
            Assert.DoesNotContain(complaint, text, StringComparison.OrdinalIgnoreCase);
        }
    }

    /// <summary>Its dissectors know more rules than tcpdump. That an address is in use by two is the very thing that happens here when it moves.</summary>
    private static void AssertNoComplaintByTshark(BridgedHosts hosts, string capture)
    {
        var complaints = hosts.Run(Client, "tshark", "-n", "-r", capture, "-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE",
            "-Y", "(arp or icmpv6 or udp.port == 7474) and (_ws.malformed or _ws.expert.severity >= 0x600000) and not arp.duplicate-address-detected");
        Assert.Equal("", string.Join('\n', complaints.Split('\n').Where(line => line.Length > 0 && !line.StartsWith("Running as user", StringComparison.Ordinal))));
    }

    /// <summary>
    /// Waits until exactly one host answers. Which one is not said: on a machine that is short of time a speaker may stall, and then
    /// another rightly takes over.
    /// </summary>
    private int TheOneThatAnswers(BridgedHosts hosts, int? not = null)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var answers = AnswersOf(hosts);
            if (answers.Length == 1 && answers[0][^1] - '0' is var host && host != not)
            {
                return host;
            }

            Assert.True(
                TimeProvider.System.GetElapsedTime(started) < Patience,
                $"answered: {string.Join(' ', answers)}\n{string.Join('\n', _said)}");
        }
    }

    [GeneratedRegex("02:00:00:00:00:0[0-9]", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Mac();
}

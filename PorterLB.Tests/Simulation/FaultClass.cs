namespace PorterLB.Tests.Simulation;

/// <summary>A kind of faults, tried with many seeds.</summary>
/// <param name="Name">As in the protocol and in docs/reference/faults.md.</param>
/// <param name="What">What happens, for that page.</param>
/// <param name="Promises">What it is held to.</param>
/// <param name="Arrange">Brings it about.</param>
internal sealed record FaultClass(string Name, string What, Promises Promises, Action<Acts> Arrange)
{
    public (int Least, int Most) Nodes { get; init; } = (2, 7);

    public (int Least, int Most) Addresses { get; init; } = (1, 4);

    /// <summary>The run begins with nobody there and nothing held.</summary>
    public bool StartsCold { get; init; }

    /// <summary>Nothing but the speakers answers on the segment.</summary>
    public bool NobodyElse { get; init; }

    /// <summary>The addresses ask for different dead-after times, 200 to 2,000 ms, and hello intervals.</summary>
    public bool MixedPolicies { get; init; }

    /// <summary>Too dear for a short run.</summary>
    public bool InLongRunsOnly { get; init; }

    /// <summary>How many runs of an ordinary class one of this costs.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>Its place, which makes runs of different classes differ.</summary>
    public int Order { get; private init; }

    /// <summary>
    /// All of them. The promises of the product are 500 ms of silence and 1 s of double answers. Where the measured bounds are far better, a
    /// class is held to those, with some room: a rule that got lost shows there first.
    /// </summary>
    public static IReadOnlyList<FaultClass> All { get; } =
    [
        .. new FaultClass[]
        {
            new("crash", "node dies (returns in 70 %)", new(500, 50), act => act.Crash(act.Target())),
            new("kill", "process killed, back after 40–2,000", new(500, 50), act => act.Kill(act.Target())),
            new("double", "second node dies within 800", new(500, 50), act => act.Twice(800, () => act.Crash(act.Target()))) { Nodes = (3, 7) },
            new("carrier", "cable out 30–4,000", new(500, 50), act => act.Unplug(act.Target(), act.Between(30, 4000))),
            new("flap", "one cable flaps 4–12 times", new(500, 50), act => act.Flap(act.Target())),
            new("flapboth", "all cables flap, manager up or down", new(500, 50) { Moves = 8, Router = 3000 }, act => act.FlapAll()),
            new("stall", "process frozen 50–5,000", new(500, 50), act => act.Stall(act.Target(), act.Between(50, 5000))),
            new("stallall", "all frozen at once", new(500, 50), act => act.StallAll()),
            new("deaf", "a node receives nothing, 300–5,000", new(500, 250) { Router = 2500 }, act => act.Deafen(act.Target(), act.Between(300, 5000))),
            new("mute", "a node sends nothing, 300–5,000", new(500, 50), act => act.Silence(act.Target(), act.Between(300, 5000))),
            new("hdeaf", "a node hears no speaker, else well; elections, eligibility", new(500, 1500), act => act.DeafenToHellos()),
            new("hcut", "no speaker hears another, all else passes", new(0, 50), act => act.CutHellos(act.Between(2000, 8000))),
            new("oneway", "hellos lost in random directions; election, kill", new(500, 1000), act => act.CutDirections(hellosOnly: true)),
            new("onewayall", "all frames lost in random directions between speakers; election, kill", new(500, 1000), act => act.CutDirections(hellosOnly: false)),
            new("partition", "random halves, twice, router on either; kill", new(500, 1000) { Router = 4000 }, act => act.PartitionTwice()),
            new("chain", "owners die one after the other, manager down", new(500, 50), act => act.Chain()) { Nodes = (3, 7) },
            new("apicut", "half the nodes without API; deaths, election", new(500, 50), act => act.CutApiAndMore()),
            new("staleelect", "blind elections among deaths", new(500, 50), act => act.ElectBlindly()) { Nodes = (3, 7) },
            new("elig", "eligibility changes, API cuts, manager up or down", new(500, 50), act => act.ChangeEligibilityTwice()),
            new("drain", "SIGTERM of the owner, loss 0–30 %", new(0, 1000), act => act.DrainUnderLoss()),
            new("rolling", "SIGTERM of every node in turn", new(0, 50), act => act.Roll()),
            new("loss10", "10 % loss, delay ≤ 60, a kill", new(500, 1000), act => act.LoseAndKill()),
            new("loss30", "30 % loss, delay ≤ 120", new(500, 1000), act => act.Lose(0.30, 120, 8000)),
            new("allrestart", "all killed, API down", new(500, 50), act => act.RestartAll()),
            new("realloc", "released and given out again, nodes without API", new(500, 50) { Released = 1500 }, act => act.Reallocate()),
            new("newaddr", "new address, nodes without API", new(500, 50), act => act.Allocate()),
            new("mix", "4–10 random faults of all kinds", new(500, 1000) { Moves = 6, Router = 4000 }, act => act.Mix()),

            // What the rules' first simulator did not have.
            new("replay", "a dead node's hellos played again while all others restart", new(500, 50), act => act.Replay()) { Nodes = (2, 3) },
            new("forgery", "recorded hellos at random times, doubled frames, hellos signed by a stranger; a death", new(500, 50), act => act.Forge()),
            new("clock", "machines suspended, capture times off by up to 5 s either way", new(500, 50), act => act.JumpClocks()),
            new("slow", "every loop starved by up to 250 now and then; nobody is dead", new(0, 50) { Takes = 0 }, act => act.Starve()),
            new("newmac", "interface replaced, with or without a break", new(500, 50), act => act.ReplaceCard()),
            new("foreign", "a stranger has the address first, and claims one that is held", new(500, 50), act => act.Intrude()),
            new("twoalone", "two nodes, nobody else answers on the segment; one dies", new(1300, 50), act => act.Crash(act.Target())) { Nodes = (2, 2), NobodyElse = true },
            new("managers", "two managers, one with old knowledge; deaths, elections", new(500, 50), act => act.DoubtTheManager()),
            new("staledisk", "restarts from old rights without API; addresses released and given out meanwhile", new(500, 50) { Released = 1500 }, act => act.RestartFromOldRights()),
            new("move", "elections by hand, one after the other", new(0, 50), act => act.MoveOften()),
            new("proxy", "kube-proxy fails on nodes in turn", new(0, 50), act => act.BreakProxies()),
            new("cold", "first start: all speakers and addresses within 1,000", new(1500, 50) { Takes = 2 }, act => act.StartCold()) { StartsCold = true },
            new("patience", "dead-after times of 200–2,000, added to silence; a death, a stall, a partition", new(500, 250) { Router = 4000 }, act => act.TryPatience()) { MixedPolicies = true, Addresses = (2, 6) },
            new("many", "30–100 nodes; a death, a drain, a partition", new(500, 1000) { Router = 2500 }, act => act.ManyNodes()) { Nodes = (30, 100), Weight = 100 },
            new("crowd", "150 nodes, hellos slowed down; a death, a drain, a partition", new(1000, 1000) { Router = 2500 }, act => act.ManyNodes()) { Nodes = (150, 150), Weight = 150, InLongRunsOnly = true },
            new("thousand", "1,000 addresses; kill, drain, partition", new(500, 1000) { Router = 4000 }, act => act.ManyAddresses()) { Nodes = (3, 3), Addresses = (1000, 1000), Weight = 60 },
            new("restore", "the API server's store brought back from a backup among moves; two deaths after it", new(500, 50) { Obeyed = true }, act => act.RestoreStore()),
        }.Select((each, i) => each with { Order = i + 1 }),
    ];

    public static FaultClass Named(string name) => All.Single(each => each.Name == name);

    public override string ToString() => Name;
}

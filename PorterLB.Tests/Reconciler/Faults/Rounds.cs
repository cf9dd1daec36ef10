using System.Globalization;

namespace PorterLB.Tests.Reconciler.Faults;

/// <summary>
/// How often the faults are made that depend on chance. `make test` makes few of each; `make faults` (PORTERLB_ROUNDS) as many as it takes
/// to find what is rare.
/// </summary>
internal static class Rounds
{
    public static int Or(int few) =>
        int.TryParse(Environment.GetEnvironmentVariable("PORTERLB_ROUNDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var many)
            ? Math.Max(few, many)
            : few;

    public static bool AreMany => Or(0) > 0;
}

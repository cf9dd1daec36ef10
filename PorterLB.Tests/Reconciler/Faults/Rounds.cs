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

    /// <summary>
    /// The bound of a time that is promised: `make faults` holds it to the letter. Beside other tests, on a machine that does much else, it
    /// only tells what works from what does not, and that takes many times as long.
    /// </summary>
    public static TimeSpan Within(TimeSpan promised) => AreMany ? promised : promised * 5;
}

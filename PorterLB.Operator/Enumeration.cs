namespace PorterLB.Operator;

/// <summary>Names in a sentence: all of them when they are few, else the first five and how many more there are.</summary>
internal static class Enumeration
{
    private const int MostNamed = 5;

    /// <param name="names">In the order in which they are to be read.</param>
    /// <param name="none">Said when there are none.</param>
    public static string Of(IEnumerable<string> names, string none = "")
    {
        var all = names.ToArray();
        return all.Length == 0 ? none : string.Join(", ", all.Take(MostNamed)) + (all.Length > MostNamed ? $" and {all.Length - MostNamed} more" : "");
    }
}

using System.Text.Json;

namespace PorterLB.Lab.Lifetime;

/// <summary>What the machine is told of a lab before the lab makes anything, so that its remains can be found whatever kills it.</summary>
/// <param name="Slot">0..255: which names and which subnet are its own.</param>
/// <param name="Kind">What runs it: a command's name, or "tests".</param>
/// <param name="Owner">The process whose end is the lab's end.</param>
/// <param name="Folder">All its files.</param>
internal sealed record LabRecord(int Slot, string Kind, ProcessIdentity Owner, string Folder)
{
    public string Prefix => PrefixOf(Slot);

    /// <summary>The folder's name in each cgroup hierarchy.</summary>
    public string Cgroup => $"plb-{Slot}";

    public static string PrefixOf(int slot) => $"plb-{slot}-";

    public static LabRecord? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize<LabRecord>(File.ReadAllText(file));
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Written beside and renamed: a reader sees all of it or nothing.</summary>
    public void Write(string file)
    {
        File.WriteAllText(file + ".new", JsonSerializer.Serialize(this));
        File.Move(file + ".new", file, overwrite: true);
    }
}

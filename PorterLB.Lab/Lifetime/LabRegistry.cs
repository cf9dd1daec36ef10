namespace PorterLB.Lab.Lifetime;

/// <summary>The labs on this machine, one file each in /run, which no reboot survives, as no lab does.</summary>
internal static class LabRegistry
{
    private const string Folder = "/run/porterlb-lab";
    private const int Slots = 256;

    /// <summary>Takes the lowest free slot for this process, after removing what labs of dead owners left.</summary>
    public static LabRecord Claim(string kind, Action<string> say)
    {
        using var turn = WaitForTurn();
        Sweep(say);
        var taken = Records().Select(record => record.Slot).ToHashSet();
        var slot = Enumerable.Range(0, Slots).FirstOrDefault(slot => !taken.Contains(slot), -1);
        if (slot < 0)
        {
            throw new LabException($"All {Slots} labs of this machine are in use; end one (make lab-down, or the process named in {Folder}).");
        }

        var folder = Path.Combine(Path.GetTempPath(), $"plb-{slot}-{Path.GetRandomFileName()[..8]}");
        var record = new LabRecord(slot, kind, ProcessIdentity.Current, folder);
        record.Write(FileOf(slot));
        return record;
    }

    public static IEnumerable<LabRecord> Live() => Records().Where(record => record.Owner.IsAlive);

    public static void Forget(LabRecord record) => File.Delete(FileOf(record.Slot));

    private static void Sweep(Action<string> say)
    {
        foreach (var dead in Records().Where(record => !record.Owner.IsAlive).ToList())
        {
            say($"Removing what lab {dead.Slot} ({dead.Kind}) left: its process {dead.Owner.Id} is gone.");
            LabRemains.Remove(dead);
            Forget(dead);
        }
    }

    private static string FileOf(int slot) => $"{Folder}/{slot}.json";

    private static IEnumerable<LabRecord> Records() =>
        Directory.Exists(Folder) ? Directory.GetFiles(Folder, "*.json").Select(LabRecord.Read).OfType<LabRecord>() : [];

    private static FileStream WaitForTurn()
    {
        Directory.CreateDirectory(Folder);
        for (var tries = 0; ; tries++)
        {
            try
            {
                return new FileStream($"{Folder}/lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (tries < 300)
            {
                Thread.Sleep(100);
            }
        }
    }
}

namespace PorterLB.Lab.Images;

/// <summary>One entry of an image's only layer.</summary>
/// <param name="Path">Inside the image, without a leading slash.</param>
public abstract record ImageFile(string Path)
{
    /// <summary>A folder; 0755 unless said.</summary>
    public sealed record Folder(string Path, UnixFileMode Mode = Folder.Ordinary) : ImageFile(Path)
    {
        public const UnixFileMode Ordinary = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

        /// <summary>Where everybody may write and nobody may remove what is another's.</summary>
        public const UnixFileMode Shared = Ordinary | UnixFileMode.GroupWrite | UnixFileMode.OtherWrite | UnixFileMode.StickyBit;
    }

    /// <summary>A file of this machine, followed to where it really is; executable.</summary>
    public sealed record Program(string Path, string Source) : ImageFile(Path);

    /// <summary>A small file, readable by all.</summary>
    public sealed record Text(string Path, string Content) : ImageFile(Path);

    /// <summary>A symbolic link.</summary>
    public sealed record Link(string Path, string Target) : ImageFile(Path);
}

namespace PorterLB.Lab.Commands;

/// <summary>A file that another process writes, read as it grows.</summary>
internal sealed class FollowedFile(string path) : IDisposable
{
    private StreamReader? _reader;

    public void CopyTo(TextWriter writer)
    {
        if (_reader is null && File.Exists(path))
        {
            _reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete));
        }

        writer.Write(_reader?.ReadToEnd());
    }

    public void Dispose() => _reader?.Dispose();
}

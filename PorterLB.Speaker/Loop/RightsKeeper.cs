using Microsoft.Extensions.Logging;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// Keeps the rights on disk: soon when they changed, but not more than once a second, and says now and then that they stand. A disk that
/// fails is told, and costs nothing but a start without the API server; one that is slow holds up nobody.
/// </summary>
internal sealed class RightsKeeper(RightsFile? file, MachineClock clock, ILogger logger)
{
    /// <summary>A thousand Services made at once are not a thousand files.</summary>
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(1);

    /// <summary>For how long the end waits for a disk.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private Rights? _standing;
    private bool _unsaved;
    private TimeSpan _saveAt;
    private TimeSpan _touchAt;

    // Apart from the thread that says hello: thousands of addresses are megabytes, and while a disk is busy with others' a rename takes as
    // long as peers wait for a hello.
    private Task _writing = Task.CompletedTask;

    /// <summary>When <see cref="RunDue"/> has something to do.</summary>
    public TimeSpan NextDeadline => file is null ? TimeSpan.MaxValue : _unsaved && _saveAt < _touchAt ? _saveAt : _touchAt;

    /// <summary>What an earlier process kept, if it may still be used.</summary>
    public Rights? Resume()
    {
        TryOnDisk(kept => _standing = kept.Read());
        return _standing;
    }

    /// <summary>These are the rights now.</summary>
    public void Change(Rights rights)
    {
        _standing = rights;
        _unsaved = true;
    }

    /// <summary>Begins to write what is due.</summary>
    public void RunDue()
    {
        if (clock.Now < NextDeadline)
        {
            return;
        }

        if (!_writing.IsCompleted)
        {
            _saveAt = _touchAt = clock.Now + SaveInterval;
        }
        else if (_unsaved && clock.Now >= _saveAt)
        {
            var rights = _standing!;
            _unsaved = false;
            _saveAt = clock.Now + SaveInterval;
            _touchAt = clock.Now + RightsFile.TouchInterval;
            _writing = Task.Run(() => TryOnDisk(kept => kept.Write(rights)));
        }
        else
        {
            _touchAt = clock.Now + RightsFile.TouchInterval;
            if (_standing is not null)
            {
                _writing = Task.Run(() => TryOnDisk(kept => kept.Touch()));
            }
        }
    }

    /// <summary>Writes what is not written yet: the last thing that is done.</summary>
    public void Save()
    {
        if (_writing.Wait(Patience) && _unsaved)
        {
            _unsaved = false;
            TryOnDisk(kept => kept.Write(_standing!));
        }
    }

    private void TryOnDisk(Action<RightsFile> action)
    {
        try
        {
            if (file is not null)
            {
                action(file);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            logger.StateFileFailed(error.Message);
        }
    }
}

using Microsoft.Extensions.Logging;
using PorterLB.Speaker.Wire;

namespace PorterLB.Speaker.Loop;

/// <summary>
/// Keeps the rights on disk: soon when they changed, but not more than once a second, and says now and then that they stand. A disk that
/// fails is told, and costs nothing but a start without the API server.
/// </summary>
internal sealed class RightsKeeper(RightsFile? file, MachineClock clock, ILogger logger)
{
    /// <summary>A thousand Services made at once are not a thousand files: each would hold up the hellos.</summary>
    private static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(1);

    private Rights? _standing;
    private bool _unsaved;
    private TimeSpan _saveAt;
    private TimeSpan _touchAt;

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

    /// <summary>Writes what is due.</summary>
    public void RunDue()
    {
        if (_unsaved && clock.Now >= _saveAt)
        {
            Save();
        }
        else if (clock.Now >= _touchAt)
        {
            _touchAt = clock.Now + RightsFile.TouchInterval;
            if (_standing is not null)
            {
                TryOnDisk(kept => kept.Touch());
            }
        }
    }

    /// <summary>Writes what is not written yet.</summary>
    public void Save()
    {
        if (_unsaved)
        {
            _unsaved = false;
            _saveAt = clock.Now + SaveInterval;
            _touchAt = clock.Now + RightsFile.TouchInterval;
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

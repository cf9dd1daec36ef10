using PorterLB.Speaker.Hellos;

namespace PorterLB.Speaker.Loop;

/// <summary>What a speaker knows of itself at a moment; when it changes, all that waits is looked at again.</summary>
/// <param name="State">Where it stands.</param>
/// <param name="Ears">It hears, or nobody is there to be heard.</param>
/// <param name="Deaf">It hears nothing, though there should be something to hear.</param>
/// <param name="Mute">It is not heard by those whom it hears.</param>
/// <param name="HearsNobody">No hello for the dead-after time.</param>
/// <param name="Steady">It has not flapped lately.</param>
/// <param name="Fresh">Its API contact is fresh.</param>
/// <param name="Healthy">Its node forwards.</param>
internal readonly record struct SelfView(
    SpeakerState State, bool Ears, bool Deaf, bool Mute, bool HearsNobody, bool Steady, bool Fresh, bool Healthy)
{
    /// <summary>As told to others.</summary>
    public Standing Standing => new(State, Steady, Fresh, Deaf, Healthy);
}

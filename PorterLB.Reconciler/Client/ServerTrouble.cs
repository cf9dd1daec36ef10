namespace PorterLB.Reconciler.Client;

/// <summary>What a request fails with when the server or the way to it is to blame, not the program.</summary>
internal static class ServerTrouble
{
    public static bool Is(Exception exception) =>
        exception is ApiException or HttpRequestException or TimeoutException or IOException or InvalidDataException;
}

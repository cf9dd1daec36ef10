using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using PorterLB.Lab.Processes;

namespace PorterLB.Lab.Network;

/// <summary>A named network namespace, as <c>ip netns</c> keeps them.</summary>
public sealed partial record NetworkNamespace(string Name)
{
    public const string Folder = "/run/netns";
    private const int CloneNewNet = 0x4000_0000;

    public string File => $"{Folder}/{Name}";

    /// <summary>
    /// The command inside. By nsenter, not <c>ip netns exec</c>: that one mounts a fresh /sys, in which a kubelet finds no cgroups.
    /// </summary>
    public Command Inside(Command command)
    {
        ArgumentNullException.ThrowIfNull(command);
        return command.Behind("nsenter", $"--net={File}", "--");
    }

    /// <summary>Runs on a thread of its own that has entered the namespace; sockets made there stay there.</summary>
    public T Enter<T>(Func<T> action)
    {
        ArgumentNullException.ThrowIfNull(action);
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = System.IO.File.OpenHandle(File);
                if (SetNamespace((int)handle.DangerousGetHandle(), CloneNewNet) != 0)
                {
                    throw new Win32Exception(Marshal.GetLastPInvokeError());
                }

                result = action();
            }
#pragma warning disable CA1031 // Carried over to the caller's thread, whatever it is.
            catch (Exception e)
#pragma warning restore CA1031
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return failure is null ? result : throw new LabException($"Network namespace '{Name}' cannot be entered: {failure.Message}", failure);
    }

    /// <summary>Connects from inside to an address that exists only there.</summary>
    public async ValueTask<Stream> ConnectAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        var socket = Enter(() => new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(endpoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(int descriptor, int kind);
}

using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace PorterLB.Tests.Speaker.Wire;

/// <summary>Runs something in a network namespace. What it opens there (sockets, wires) stays usable from everywhere.</summary>
internal static partial class InNamespace
{
    private const int NetworkNamespace = 0x40000000;

    public static T Run<T>(string name, Func<T> inside)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{name}");
                if (SetNamespace(file, NetworkNamespace) != 0)
                {
                    throw new InvalidOperationException($"setns {name}: {Marshal.GetLastPInvokeErrorMessage()}");
                }

                result = inside();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeHandle file, int kind);
}

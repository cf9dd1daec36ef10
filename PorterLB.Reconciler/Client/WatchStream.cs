using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json;
using k8s;
using k8s.Models;
using PorterLB.Reconciler.Entities;

namespace PorterLB.Reconciler.Client;

/// <summary>Reads a watch line by line. Reads are cancellable at any byte; a line is parsed where it lies, without a copy.</summary>
internal sealed class WatchStream<TEntity>(HttpResponseMessage response, Stream body, EntityType<TEntity> type) : IWatchStream<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    // etcd stores at most 1.5 MB an object by default; the API server refuses more than 3 MB. Beyond that it is no event.
    private const int LineLengthMax = 16 * 1024 * 1024;

    private readonly PipeReader _reader = PipeReader.Create(body, new StreamPipeReaderOptions(bufferSize: 16 * 1024, leaveOpen: true));

    public async ValueTask<WatchEvent<TEntity>?> ReadAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var read = await ReadMoreAsync(cancellationToken);
            var buffer = read.Buffer;
            if (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end);
                var next = buffer.GetPosition(1, end);
                try
                {
                    if (line.Length > 0)
                    {
                        return Parse(line);
                    }
                }
                finally
                {
                    _reader.AdvanceTo(next);
                }
            }
            else if (read.IsCompleted)
            {
                // A last line without an end of line was cut: whatever it said comes again from the version before it.
                _reader.AdvanceTo(buffer.End);
                return null;
            }
            else if (buffer.Length > LineLengthMax)
            {
                throw new InvalidDataException($"A watch of {type.Metadata.PluralName} sent a line of more than {LineLengthMax} bytes.");
            }
            else
            {
                _reader.AdvanceTo(buffer.Start, buffer.End);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _reader.CompleteAsync();
        response.Dispose();
    }

    private async ValueTask<ReadResult> ReadMoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _reader.ReadAsync(cancellationToken);
        }
        catch (HttpRequestException exception)
        {
            throw new IOException($"The watch of {type.Metadata.PluralName} broke: {exception.Message}", exception);
        }
    }

    private WatchEvent<TEntity> Parse(ReadOnlySequence<byte> line)
    {
        try
        {
            return EntityReader.ReadWatchEvent(type, line);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The watch of {type.Metadata.PluralName} sent what is no event: {exception.Message}", exception);
        }
    }
}

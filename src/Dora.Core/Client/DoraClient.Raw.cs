using Dora.Core.Protocol;

namespace Dora.Core.Client;

/// <summary>Any request, for what has no method of its own.</summary>
public sealed partial class DoraClient
{
    /// <summary>
    /// Sends a request and gives out the answer as it comes, whatever its status is; returns the status. Only an answer that
    /// does not come, or is cut, is a <see cref="DoraException"/>.
    /// </summary>
    /// <param name="method">Method, such as <c>GET</c>.</param>
    /// <param name="path">Path and query, percent-encoded.</param>
    /// <param name="body">Body; nothing for none.</param>
    /// <param name="head">Gets status line and fields, once, before the content.</param>
    /// <param name="content">Gets the content, piece by piece.</param>
    public int Send(string method, string path, byte[] body, Action<IReadOnlyList<string>> head, Action<ReadOnlySpan<byte>> content)
    {
        var reader = new HttpResponseReader();
        bool isHeadGiven = false;
        void GiveHead()
        {
            if (isHeadGiven || !reader.HasHead) return;
            isHeadGiven = true;
            var lines = new List<string> { $"HTTP/1.1 {reader.Status} {HttpResponse.ReasonPhrase(reader.Status)}" };
            foreach (var (name, value) in reader.Fields.All) lines.Add($"{name}: {value}");
            head(lines);
        }
        Exchange(method, path, body, reader, piece =>
        {
            GiveHead();
            content(piece);
        }, limit: null);
        GiveHead();
        if (!reader.HasHead || (!reader.IsComplete && method != "HEAD"))
            throw new DoraException(DoraFailure.NotReachable, $"{socketPath}: {reader.Error ?? "the connection ended before the answer was complete"}");
        return reader.Status;
    }
}

namespace Dora.Init.Manager.MachineInfo;

/// <summary>Objects one after the other, and in the end an array. For each type of object a <see cref="List{T}"/> would be 2 kB of tables.</summary>
internal struct Collected<T> where T : class
{
    private T[]? _items;

    public int Count { get; private set; }

    public readonly T this[int index] => _items![index];

    public void Add(T item)
    {
        if (_items is null || Count == _items.Length) Array.Resize(ref _items, Math.Max(4, Count * 2));
        _items[Count++] = item;
    }

    public T[] ToArray()
    {
        Array.Resize(ref _items, Count);
        return _items;
    }
}

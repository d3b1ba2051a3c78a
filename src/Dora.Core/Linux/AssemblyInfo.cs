using System.Runtime.CompilerServices;

// Every import below is blittable: what C# passes is what the kernel gets.
[assembly: DisableRuntimeMarshalling]

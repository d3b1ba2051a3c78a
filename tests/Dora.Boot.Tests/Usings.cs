global using Dora.Tests.Harness;
global using Xunit;

using System;

namespace App.Storage
{
    /// <summary>Keeps values.</summary>
    [Serializable]
    public class Cache<T> : Base where T : class
    {
        // PAD

        private int size = 1;

        public int Size { get; set; }

        public Cache(int size) : base(size)
        {
            this.size = size;
        }

        public async Task<T> LoadAsync(string key)
        {
            return null;
        }

        public static Cache<T> operator +(Cache<T> left, Cache<T> right)
        {
            return left;
        }
    }

    public interface ILoader
    {
        void Load();
    }

    public struct Entry
    {
        public int Age;
    }

    public record Pair(int Left, int Right);

    public enum Level { Low, High }
}

/* Options:
Date: 2026-01-01 00:00:00
Version: 8.41
BaseUrl: https://sky.example.org
*/

using System;
using System.Collections.Generic;
using System.Runtime.Serialization;
using ServiceStack;

namespace Acme.Sky
{
    public enum Weather
    {
        [EnumMember(Value="clear-sky")]
        Clear,
        Cloudy = 5,
        Rain,
    }

    [EnumAsInt]
    public enum Brightness
    {
        Faint = 10,
        Bright = 20,
    }

    [Flags]
    public enum Filters
    {
        None = 0,
        Red = 1,
        Blue = 2,
        Dark = 8,
    }

    public partial class Named
    {
        public virtual string Name { get; set; }
    }

    ///<summary>
    ///A star, with a value of every kind
    ///</summary>
    public partial class Star
        : Named
    {
        public virtual int Id { get; set; }
        public virtual long Distance { get; set; }
        public virtual int? Rank { get; set; }
        public virtual double? Mass { get; set; }
        public virtual decimal Price { get; set; }
        public virtual bool Visible { get; set; }
        public virtual Guid Key { get; set; }
        public virtual DateTime Found { get; set; }
        public virtual DateTime? Lost { get; set; }
        public virtual TimeSpan Period { get; set; }
        public virtual byte[] Image { get; set; }
        public virtual Weather Weather { get; set; }
        public virtual Brightness Brightness { get; set; }
        public virtual Filters Filters { get; set; }
        public virtual string[] Aliases { get; set; }
        public virtual List<List<int>> Spectrum { get; set; }
        public virtual Dictionary<string, string> Notes { get; set; }
        public virtual Dictionary<string, List<Planet>> Planets { get; set; }
        public virtual List<Dictionary<string, int>> Counts { get; set; }
        public virtual Pair<Planet, Weather> Nearest { get; set; }
    }

    public partial class Planet
        : Named
    {
        public virtual DateTime Seen { get; set; }
    }

    public partial class Pair<TFirst, TSecond>
    {
        public virtual TFirst First { get; set; }
        public virtual TSecond Second { get; set; }
    }

    public partial class Chart<T>
    {
        public virtual int Total { get; set; }
        public virtual List<T> Items { get; set; }
    }

    [Route("/stars", "POST")]
    public partial class CreateStar
        : Named, IReturn<Star>, IPost
    {
        public virtual List<List<int>> Spectrum { get; set; }
        public virtual Weather Weather { get; set; }
    }

    [Route("/stars/{Id}", "GET")]
    [Route("/sky/{Id}", "GET")]
    public partial class GetStar
        : IReturn<Star>, IGet
    {
        public virtual int Id { get; set; }
    }

    [Route("/stars/{Id}", "PATCH")]
    public partial class ChangeStar
        : IReturn<Star>, IPatch
    {
        public virtual int Id { get; set; }
        public virtual int? Rank { get; set; }
    }

    [Route("/stars/{Id}", "PUT")]
    public partial class ReplaceStar
        : IReturn<Star>, IPut
    {
        public virtual int Id { get; set; }
        public virtual Filters Filters { get; set; }
    }

    [Route("/stars/{Id}", "DELETE")]
    public partial class DropStar
        : IReturnVoid, IDelete
    {
        public virtual int Id { get; set; }
    }

    [Route("/stars", "GET")]
    public partial class FindStars
        : QueryDb<Star>, IReturn<QueryResponse<Star>>
    {
        public virtual string NameStartsWith { get; set; }
    }

    public partial class GetChart
        : IReturn<Chart<Pair<Star, Weather>>>, IGet
    {
    }

    [Route("/files/{Path*}", "GET")]
    public partial class ReadFile
        : IReturn<string>, IGet
    {
        public virtual string Path { get; set; }
    }

    [Route("/photos/{Id}", "GET")]
    public partial class GetPhoto
        : IReturn<byte[]>, IGet
    {
        public virtual int Id { get; set; }
    }

    [Route("/names", "GET,POST")]
    public partial class NameStars
        : IReturn<List<string>>, IPost
    {
        public virtual DateTime? Since { get; set; }
        public virtual TimeSpan? Within { get; set; }
    }

    public partial class Keep
        : IReturn<Keep>, IPost
    {
        public virtual string Client { get; set; }
        public virtual Star Star { get; set; }
        public virtual List<Star> Stars { get; set; }
        public virtual Chart<Pair<Star, Weather>> Chart { get; set; }
        public virtual string Text { get; set; }
        public virtual byte[] Photo { get; set; }
        public virtual List<string> Names { get; set; }
    }
}

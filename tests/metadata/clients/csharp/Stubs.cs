// What the generated types name of .NET and of ServiceStack.Client, for a compiler that has neither.
using System;

#if !NET
namespace System.Runtime.Serialization
{
    public class DataContractAttribute : Attribute { public string Name { get; set; } public string Namespace { get; set; } }
    public class DataMemberAttribute : Attribute { public string Name { get; set; } public int Order { get; set; } public bool IsRequired { get; set; } }
    public class EnumMemberAttribute : Attribute { public string Value { get; set; } }
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    public class ContractNamespaceAttribute : Attribute
    {
        public ContractNamespaceAttribute(string address) { }
        public string ClrNamespace { get; set; }
    }
    public class ExtensionDataObject { }
    public interface IExtensibleDataObject { ExtensionDataObject ExtensionData { get; set; } }
}
#endif

namespace System
{
    // .NET has them since 6.
    public struct DateOnly { public static DateOnly Parse(string text) => default(DateOnly); }
    public struct TimeOnly { public static TimeOnly FromTimeSpan(TimeSpan time) => default(TimeOnly); }
}

namespace ServiceStack
{
    public interface IReturn<T> { }
    public interface IReturnVoid { }
    public interface IGet { }
    public interface IPost { }
    public interface IPut { }
    public interface IPatch { }
    public interface IDelete { }

    [AttributeUsage(AttributeTargets.All, AllowMultiple = true)]
    public class RouteAttribute : Attribute
    {
        public RouteAttribute(string path) { }
        public RouteAttribute(string path, string verbs) { }
    }

    public class ApiAttribute : Attribute { public string Description { get; set; } }
    public class ApiMemberAttribute : Attribute
    {
        public string Name { get; set; }
        public string Description { get; set; }
        public string DataType { get; set; }
        public string Format { get; set; }
        public string ParameterType { get; set; }
        public bool IsRequired { get; set; }
    }
    public class ValidateAttribute : Attribute { public string Validator { get; set; } }
    public class ValidateRequestAttribute : Attribute { public string Validator { get; set; } }
    public class TagAttribute : Attribute { public TagAttribute(string name) { } }
    public class ResponseStatus { }

    public class JsonServiceClient
    {
        public JsonServiceClient(string address) { }
        public string BearerToken { get; set; }
        public T Get<T>(IReturn<T> request) { return default(T); }
        public T Post<T>(IReturn<T> request) { return default(T); }
        public T Put<T>(IReturn<T> request) { return default(T); }
        public T Patch<T>(IReturn<T> request) { return default(T); }
        public T Delete<T>(IReturn<T> request) { return default(T); }
        public void Get(IReturnVoid request) { }
        public void Post(IReturnVoid request) { }
        public void Put(IReturnVoid request) { }
        public void Patch(IReturnVoid request) { }
        public void Delete(IReturnVoid request) { }
    }
}

namespace ServiceStack.DataAnnotations
{
    public class DescriptionAttribute : Attribute { public DescriptionAttribute(string text) { } }
    public class EnumAsIntAttribute : Attribute { }
    public class StringLengthAttribute : Attribute { public StringLengthAttribute(int maximumLength) { } }
}

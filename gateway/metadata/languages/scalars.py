"""The types of .NET's scalars in each language."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.contract.typeinfo import TypeRef

_TABLE = """
.NET            csharp          vbnet           fsharp          java        kotlin      script   python              swift     dart       php           go       ruby     rust               zig
String          string          String          String          String      String      string   str                 String    String     string        string   String   String             []const.u8
Boolean         bool            Boolean         Boolean         Boolean     Boolean     boolean  bool                Bool      bool       bool          bool     Boolean  bool               bool
Int8            sbyte           SByte           SByte           Byte        Byte        number   int                 Int8      int        int           int8     Integer  i8                 i8
Int16           short           Short           Int16           Short       Short       number   int                 Int16     int        int           int16    Integer  i16                i16
Int32           int             Integer         Int32           Integer     Int         number   int                 Int       int        int           int      Integer  i32                i32
Int64           long            Long            Int64           Long        Long        number   int                 Int       int        int           int64    Integer  i64                i64
Byte            byte            Byte            Byte            Short       Short       number   int                 UInt8     int        int           uint8    Integer  u8                 u8
UInt16          ushort          UInt16          UInt16          Integer     Int         number   int                 UInt16    int        int           uint16   Integer  u16                u16
UInt32          uint            UInt32          UInt32          Long        Long        number   int                 UInt32    int        int           uint32   Integer  u32                u32
UInt64          ulong           UInt64          UInt64          BigInteger  BigInteger  number   int                 UInt64    int        int           uint64   Integer  u64                u64
Single          float           Single          Single          Float       Float       number   float               Float     double     float         float32  Float    f32                f32
Double          double          Double          Double          Double      Double      number   float               Double    double     float         float64  Float    f64                f64
Decimal         decimal         Decimal         Decimal         BigDecimal  BigDecimal  number   decimal.Decimal     Double    double     float         float64  Float    f64                f64
DateTime        DateTime        Date            DateTime        Date        Date        string   datetime.datetime   Date      DateTime   DateTime      string   String   String             []const.u8
TimeSpan        TimeSpan        TimeSpan        TimeSpan        TimeSpan    TimeSpan    string   datetime.timedelta  String    Duration   DateInterval  string   String   String             []const.u8
Guid            Guid            Guid            Guid            UUID        UUID        string   str                 String    String     string        string   String   String             []const.u8
Byte[]          byte[]          Byte()          Byte[]          byte[]      ByteArray   string   bytes               [UInt8]   Uint8List  ByteArray     []byte   String   String             []const.u8
DateTimeOffset  DateTimeOffset  DateTimeOffset  DateTimeOffset  Date        Date        string   datetime.datetime   Date      DateTime   DateTime      string   String   String             []const.u8
DateOnly        DateOnly        DateOnly        DateOnly        String      String      string   str                 String    String     string        string   String   String             []const.u8
TimeOnly        TimeOnly        TimeOnly        TimeOnly        String      String      string   str                 String    String     string        string   String   String             []const.u8
Char            char            Char            Char            String      String      string   str                 String    String     string        string   String   String             []const.u8
Uri             Uri             Uri             Uri             String      String      string   str                 String    String     string        string   String   String             []const.u8
Type            Type            Type            Type            String      String      string   str                 String    String     string        string   String   String             []const.u8
Object          object          Object          Object          Object      Any         any      Any                 AnyValue  dynamic    mixed         any      Object   serde_json::Value  std.json.Value
Stream          Stream          Stream          Stream          byte[]      ByteArray   string   bytes               [UInt8]   Uint8List  ByteArray     []byte   String   String             []const.u8
"""  # noqa: E501 - a table that is read in columns

#: Reference types of .NET, which have null as a value.
REFERENCES = frozenset({"String", "Byte[]", "Uri", "Type", "Object", "Stream"})


def get_scalars(language: str) -> Mapping[str, str]:
    """Return the language's types, by the names of .NET's; ``script`` is TypeScript and JavaScript."""
    head, *rows = [line.split() for line in _TABLE.strip().splitlines()]
    column = head.index(language)
    # The dot represents a blank within a type.
    return {row[0]: row[column].replace("const.", "const ") for row in rows}


def is_value(ref: TypeRef) -> bool:
    """Return whether .NET has no null for the type."""
    return ref.kind == "enum" or ref.name == "KeyValuePair" or (ref.kind == "scalar" and ref.name not in REFERENCES)

"""What .NET's scalars are in each language."""

from __future__ import annotations

from collections.abc import Mapping

_TABLE = """
.NET      csharp    vbnet     fsharp    java        kotlin      script   python              swift    dart       php           go       ruby     rust
String    string    String    String    String      String      string   str                 String   String     string        string   String   String
Boolean   bool      Boolean   Boolean   Boolean     Boolean     boolean  bool                Bool     bool       bool          bool     Boolean  bool
Int8      sbyte     SByte     SByte     Byte        Byte        number   int                 Int8     int        int           int8     Integer  i8
Int16     short     Short     Int16     Short       Short       number   int                 Int16    int        int           int16    Integer  i16
Int32     int       Integer   Int32     Integer     Int         number   int                 Int      int        int           int      Integer  i32
Int64     long      Long      Int64     Long        Long        number   int                 Int      int        int           int64    Integer  i64
Byte      byte      Byte      Byte      Short       Short       number   int                 UInt8    int        int           uint8    Integer  u8
UInt16    ushort    UInt16    UInt16    Integer     Int         number   int                 UInt16   int        int           uint16   Integer  u16
UInt32    uint      UInt32    UInt32    Long        Long        number   int                 UInt32   int        int           uint32   Integer  u32
UInt64    ulong     UInt64    UInt64    BigInteger  BigInteger  number   int                 UInt64   int        int           uint64   Integer  u64
Single    float     Single    Single    Float       Float       number   float               Float    double     float         float32  Float    f32
Double    double    Double    Double    Double      Double      number   float               Double   double     float         float64  Float    f64
Decimal   decimal   Decimal   Decimal   BigDecimal  BigDecimal  number   decimal.Decimal     Double   double     float         float64  Float    f64
DateTime  DateTime  Date      DateTime  Date        Date        string   datetime.datetime   Date     DateTime   DateTime      string   String   String
TimeSpan  TimeSpan  TimeSpan  TimeSpan  TimeSpan    TimeSpan    string   datetime.timedelta  String   Duration   DateInterval  string   String   String
Guid      Guid      Guid      Guid      UUID        UUID        string   str                 String   String     string        string   String   String
Byte[]    byte[]    Byte()    Byte[]    byte[]      ByteArray   string   bytes               [UInt8]  Uint8List  ByteArray     []byte   String   String
"""  # noqa: E501 - a table that is read in columns

#: Those that .NET has no values without: null is a value of theirs as it is of classes.
REFERENCES = frozenset({"String", "Byte[]"})


def scalars_of(language: str) -> Mapping[str, str]:
    """The language's types, by the names of .NET's; ``script`` is TypeScript and JavaScript."""
    head, *rows = [line.split() for line in _TABLE.strip().splitlines()]
    column = head.index(language)
    return {row[0]: row[column] for row in rows}

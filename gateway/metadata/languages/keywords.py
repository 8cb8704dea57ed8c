"""Words that can't be used as names, by language."""

from __future__ import annotations


def _split_words(text: str) -> frozenset[str]:
    return frozenset(text.split())


JAVA = _split_words(
    """
    abstract assert boolean break byte case catch char class const continue default do double else enum extends false final finally
    float for goto if implements import instanceof int interface long native new null package private protected public return short
    static strictfp super switch synchronized this throw throws transient true try void volatile while _
    """
)
CSHARP = _split_words(
    """
    abstract as base bool break byte case catch char checked class const continue decimal default delegate do double else enum event
    explicit extern false finally fixed float for foreach goto if implicit in int interface internal is lock long namespace new null
    object operator out override params private protected public readonly ref return sbyte sealed short sizeof stackalloc static string
    struct switch this throw true try typeof uint ulong unchecked unsafe ushort using virtual void volatile while
    """
)
DART = _split_words(
    """
    assert await break case catch class const continue default do else enum extends false final finally for if in is new null rethrow
    return super switch this throw true try var void while with yield context
    """
)
#: Names that a type of Dart can't have.
DART_TYPES = _split_words(
    """
    abstract as covariant deferred dynamic export extension external factory get implements import interface late library mixin operator
    part required set static typedef Function
    """
)
FSHARP = _split_words(
    """
    abstract and as asr assert atomic base begin break checked class component const constraint constructor continue default delegate do
    done downcast downto elif else end event exception extern external false finally fixed for fun function functor global if in include
    inherit inline interface internal land lazy let lor lsl lsr lxor match measure member method mixin mod module mutable namespace new
    null object of open or override parallel params private process protected public pure rec return sealed sig static struct tailcall
    then to trait true try type upcast use val virtual void volatile when while with yield
    """
)
SWIFT = _split_words(
    """
    any as associatedtype async await break case catch class continue default defer deinit do each else enum extension fallthrough false
    fileprivate final for func guard if import in init inout internal is let nil open operator private protocol public repeat rethrows
    return self some static struct subscript super switch throw throws true try typealias var where while yield
    """
)
VISUAL_BASIC = _split_words(
    """
    addhandler addressof alias and andalso as boolean byref byte byval call case catch cbool cbyte cchar cdate cdbl cdec char cint class
    clng cobj const continue csbyte cshort csng cstr ctype cuint culng cushort date decimal declare default delegate dim directcast do
    double each else elseif end endif enum erase error event exit false finally for friend function get gettype global gosub goto
    handles if implements imports in inherits integer interface is isnot let lib like long loop me mod module mustinherit mustoverride
    mybase myclass namespace narrowing new next not nothing notinheritable notoverridable object of on operator option optional or
    orelse overloads overridable overrides paramarray partial private property protected public raiseevent readonly redim rem
    removehandler resume return sbyte select set shadows shared short single static step stop string structure sub synclock then throw
    to true try trycast typeof uinteger ulong ushort using variant wend when while widening with withevents writeonly xor
    """
)
KOTLIN = _split_words("as fun in is object typealias typeof val var when")
RUST = _split_words(
    """
    abstract as async await become box break const continue crate do dyn else enum extern false final fn for gen if impl in let loop macro
    match mod move mut override priv pub ref return static struct super trait true try type typeof unsafe unsized use virtual where while
    yield
    """
)
#: Go's words, and the blank name.
GO = _split_words(
    """
    break case chan const continue default defer else fallthrough for func go goto if import interface map package range return select
    struct switch type var _
    """
)
#: Those that Rust does not accept as names even when quoted (``r#``).
RUST_PATHS = _split_words("self Self super crate")
RUBY = _split_words(
    """
    alias and begin break case class def defined do else elsif end ensure false for if in module next nil not or redo rescue retry return
    self super then true undef unless until when while yield hash method object_id send freeze dup clone display
    """
)
#: Classes that Ruby has already.
RUBY_CLASSES = _split_words(
    """
    Array BasicObject Binding Class Comparable Complex Dir Encoding Enumerable Exception File Float Hash Integer Kernel Method Module
    NilClass Numeric Object Proc Process Random Range Rational Regexp Set Signal String Struct Symbol Thread Time
    """
)
#: Names that a class of JavaScript or TypeScript can't have.
JAVASCRIPT = _split_words(
    """
    any arguments await boolean break case catch class const continue debugger default delete do else enum eval export extends false
    finally for function if implements import in instanceof interface let never new null number object package private protected public
    return static string super switch symbol this throw true try typeof undefined unknown var void while with yield
    """
)
#: Names that a class of PHP can't have.
PHP = _split_words(
    """
    abstract and array as bool break callable case catch class clone const continue declare default die do echo else elseif empty
    enddeclare endfor endforeach endif endswitch endwhile enum eval exit extends false final finally float fn for foreach function global
    goto if implements include instanceof insteadof int interface isset iterable list match mixed namespace never new null object or
    parent print private protected public readonly require return self static string switch throw trait true try unset use var void while
    xor yield
    """
)
#: Zig's words, and the names of its types, which nothing else may have.
ZIG = _split_words(
    """
    addrspace align allowzero and anyframe anytype asm async await break callconv catch comptime const continue defer else enum errdefer
    error export extern fn for if inline linksection noalias noinline nosuspend opaque or orelse packed pub resume return struct suspend
    switch test threadlocal try union unreachable usingnamespace var volatile while
    anyerror anyopaque bool comptime_float comptime_int false isize noreturn null std true type undefined usize void
    c_char c_int c_long c_longdouble c_longlong c_short c_uint c_ulong c_ulonglong c_ushort f16 f32 f64 f80 f128 i8 i16 i32 i64 i128 u8 u16
    u32 u64 u128
    """
)

//! The functions that expressions may call, each with its signatures. One name is one [`Function`]; which of its
//! forms applies is settled by the types at configuration and, for dynamic values, again when it runs.

use super::Type;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    Size,
    Int,
    Uint,
    Double,
    String,
    Bool,
    Bytes,
    Timestamp,
    Duration,
    TypeOf,
    StartsWith,
    EndsWith,
    Contains,
    LowerAscii,
    UpperAscii,
    Trim,
    Reverse,
    CharAt,
    IndexOf,
    LastIndexOf,
    Substring,
    Replace,
    Split,
    Join,
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
    Ip,
    Cidr,
    IsIp,
    IsCidr,
    IsCanonical,
    ContainsIp,
    ContainsCidr,
    Family,
    IsUnspecified,
    IsLoopback,
    IsLinkLocalUnicast,
    IsLinkLocalMulticast,
    IsGlobalUnicast,
    Masked,
    PrefixLength,
    IpOf,
}

impl Function {
    /// Whether it takes a part of a moment, at an offset if one is given.
    pub fn is_getter(self) -> bool {
        matches!(
            self,
            Self::FullYear
                | Self::Month
                | Self::Date
                | Self::DayOfMonth
                | Self::DayOfWeek
                | Self::DayOfYear
                | Self::Hours
                | Self::Minutes
                | Self::Seconds
                | Self::Milliseconds
        )
    }
}

/// A parameter's or a result's type, as a constant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Any,
    Bool,
    Int,
    Uint,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    Ip,
    Cidr,
    Type,
    List,
    Strings,
    Map,
}

impl Kind {
    pub fn type_(self) -> Type {
        match self {
            Self::Any => Type::Dyn,
            Self::Bool => Type::Bool,
            Self::Int => Type::Int,
            Self::Uint => Type::Uint,
            Self::Double => Type::Double,
            Self::String => Type::String,
            Self::Bytes => Type::Bytes,
            Self::Timestamp => Type::Timestamp,
            Self::Duration => Type::Duration,
            Self::Ip => Type::Ip,
            Self::Cidr => Type::Cidr,
            Self::Type => Type::Type,
            Self::List => Type::list(Type::Dyn),
            Self::Strings => Type::list(Type::String),
            Self::Map => Type::map(Type::Dyn, Type::Dyn),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `size(x)`
    Global,
    /// `x.size()`, where `x` is the first parameter.
    Member,
}

/// A name and the ways to call it.
pub struct Declaration {
    pub name: &'static str,
    pub style: Style,
    pub function: Function,
    /// Parameters and result of each form.
    pub forms: &'static [(&'static [Kind], Kind)],
}

impl Declaration {
    /// Such as `string.split(string, int)`.
    pub fn forms(&self) -> impl Iterator<Item = String> {
        self.forms.iter().map(|(parameters, _)| {
            let mut names: Vec<String> = parameters.iter().map(|kind| kind.type_().to_string()).collect();
            match self.style {
                Style::Global => format!("{}({})", self.name, names.join(", ")),
                Style::Member => {
                    let target = names.remove(0);
                    format!("{target}.{}({})", self.name, names.join(", "))
                }
            }
        })
    }
}

use Kind as K;

const fn global(
    name: &'static str,
    function: Function,
    forms: &'static [(&'static [Kind], Kind)],
) -> Declaration {
    Declaration { name, style: Style::Global, function, forms }
}

const fn member(
    name: &'static str,
    function: Function,
    forms: &'static [(&'static [Kind], Kind)],
) -> Declaration {
    Declaration { name, style: Style::Member, function, forms }
}

const SIZE: &[(&[Kind], Kind)] =
    &[(&[K::String], K::Int), (&[K::Bytes], K::Int), (&[K::List], K::Int), (&[K::Map], K::Int)];
const IN_TEXT: &[(&[Kind], Kind)] = &[(&[K::String, K::String], K::Bool)];
const TEXT: &[(&[Kind], Kind)] = &[(&[K::String], K::String)];
const POSITION: &[(&[Kind], Kind)] =
    &[(&[K::String, K::String], K::Int), (&[K::String, K::String, K::Int], K::Int)];
const OF_TIME: &[(&[Kind], Kind)] = &[(&[K::Timestamp], K::Int), (&[K::Timestamp, K::String], K::Int)];
const OF_TIME_OR_SPAN: &[(&[Kind], Kind)] =
    &[(&[K::Timestamp], K::Int), (&[K::Timestamp, K::String], K::Int), (&[K::Duration], K::Int)];
const OF_IP: &[(&[Kind], Kind)] = &[(&[K::Ip], K::Bool)];

pub const DECLARATIONS: &[Declaration] = &[
    global("size", Function::Size, SIZE),
    member("size", Function::Size, SIZE),
    global(
        "int",
        Function::Int,
        &[
            (&[K::Int], K::Int),
            (&[K::Uint], K::Int),
            (&[K::Double], K::Int),
            (&[K::String], K::Int),
            (&[K::Timestamp], K::Int),
        ],
    ),
    global(
        "uint",
        Function::Uint,
        &[(&[K::Uint], K::Uint), (&[K::Int], K::Uint), (&[K::Double], K::Uint), (&[K::String], K::Uint)],
    ),
    global(
        "double",
        Function::Double,
        &[
            (&[K::Double], K::Double),
            (&[K::Int], K::Double),
            (&[K::Uint], K::Double),
            (&[K::String], K::Double),
        ],
    ),
    global(
        "string",
        Function::String,
        &[
            (&[K::String], K::String),
            (&[K::Bool], K::String),
            (&[K::Int], K::String),
            (&[K::Uint], K::String),
            (&[K::Double], K::String),
            (&[K::Bytes], K::String),
            (&[K::Timestamp], K::String),
            (&[K::Duration], K::String),
            (&[K::Ip], K::String),
            (&[K::Cidr], K::String),
        ],
    ),
    global("bool", Function::Bool, &[(&[K::Bool], K::Bool), (&[K::String], K::Bool)]),
    global("bytes", Function::Bytes, &[(&[K::Bytes], K::Bytes), (&[K::String], K::Bytes)]),
    global(
        "timestamp",
        Function::Timestamp,
        &[(&[K::Timestamp], K::Timestamp), (&[K::String], K::Timestamp), (&[K::Int], K::Timestamp)],
    ),
    global("duration", Function::Duration, &[(&[K::Duration], K::Duration), (&[K::String], K::Duration)]),
    global("type", Function::TypeOf, &[(&[K::Any], K::Type)]),
    member("startsWith", Function::StartsWith, IN_TEXT),
    member("endsWith", Function::EndsWith, IN_TEXT),
    member("contains", Function::Contains, IN_TEXT),
    member("lowerAscii", Function::LowerAscii, TEXT),
    member("upperAscii", Function::UpperAscii, TEXT),
    member("trim", Function::Trim, TEXT),
    member("reverse", Function::Reverse, TEXT),
    member("charAt", Function::CharAt, &[(&[K::String, K::Int], K::String)]),
    member("indexOf", Function::IndexOf, POSITION),
    member("lastIndexOf", Function::LastIndexOf, POSITION),
    member(
        "substring",
        Function::Substring,
        &[(&[K::String, K::Int], K::String), (&[K::String, K::Int, K::Int], K::String)],
    ),
    member(
        "replace",
        Function::Replace,
        &[
            (&[K::String, K::String, K::String], K::String),
            (&[K::String, K::String, K::String, K::Int], K::String),
        ],
    ),
    member(
        "split",
        Function::Split,
        &[(&[K::String, K::String], K::Strings), (&[K::String, K::String, K::Int], K::Strings)],
    ),
    member("join", Function::Join, &[(&[K::Strings], K::String), (&[K::Strings, K::String], K::String)]),
    member("getFullYear", Function::FullYear, OF_TIME),
    member("getMonth", Function::Month, OF_TIME),
    member("getDate", Function::Date, OF_TIME),
    member("getDayOfMonth", Function::DayOfMonth, OF_TIME),
    member("getDayOfWeek", Function::DayOfWeek, OF_TIME),
    member("getDayOfYear", Function::DayOfYear, OF_TIME),
    member("getHours", Function::Hours, OF_TIME_OR_SPAN),
    member("getMinutes", Function::Minutes, OF_TIME_OR_SPAN),
    member("getSeconds", Function::Seconds, OF_TIME_OR_SPAN),
    member("getMilliseconds", Function::Milliseconds, OF_TIME_OR_SPAN),
    global("ip", Function::Ip, &[(&[K::String], K::Ip), (&[K::Ip], K::Ip)]),
    global("cidr", Function::Cidr, &[(&[K::String], K::Cidr), (&[K::Cidr], K::Cidr)]),
    global("isIP", Function::IsIp, &[(&[K::String], K::Bool)]),
    global("isCIDR", Function::IsCidr, &[(&[K::String], K::Bool)]),
    global("ip.isCanonical", Function::IsCanonical, &[(&[K::String], K::Bool)]),
    member(
        "containsIP",
        Function::ContainsIp,
        &[(&[K::Cidr, K::Ip], K::Bool), (&[K::Cidr, K::String], K::Bool)],
    ),
    member(
        "containsCIDR",
        Function::ContainsCidr,
        &[(&[K::Cidr, K::Cidr], K::Bool), (&[K::Cidr, K::String], K::Bool)],
    ),
    member("family", Function::Family, &[(&[K::Ip], K::Int)]),
    member("isUnspecified", Function::IsUnspecified, OF_IP),
    member("isLoopback", Function::IsLoopback, OF_IP),
    member("isLinkLocalUnicast", Function::IsLinkLocalUnicast, OF_IP),
    member("isLinkLocalMulticast", Function::IsLinkLocalMulticast, OF_IP),
    member("isGlobalUnicast", Function::IsGlobalUnicast, OF_IP),
    member("masked", Function::Masked, &[(&[K::Cidr], K::Cidr)]),
    member("prefixLength", Function::PrefixLength, &[(&[K::Cidr], K::Int)]),
    member("ip", Function::IpOf, &[(&[K::Cidr], K::Ip)]),
];

/// The name by which an error tells which function it was.
pub fn name(function: Function) -> &'static str {
    DECLARATIONS
        .iter()
        .find(|declaration| declaration.function == function)
        .map_or("", |declaration| declaration.name)
}

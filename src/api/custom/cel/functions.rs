//! The functions of CEL as Kubernetes v1.36 offers them to rules of a resource, with their signatures.
//!
//! Models the declarations of cel-go (`common/stdlib`, `ext/{strings,sets}.go`, `cel/library.go`) and of
//! `k8s.io/apiserver/pkg/cel/library`.

use super::types::{Type, parse};

/// One way to call a function.
pub struct Overload {
    /// Whether the first parameter stands before the dot.
    pub method: bool,
    pub params: Vec<Type>,
    pub result: Type,
}

/// A function and its overloads in each line; a dot before the parameters makes a method of it. `A` and `B` stand
/// for any type.
const TABLE: &str = "\
_&&_ (bool,bool)bool
_||_ (bool,bool)bool
!_ (bool)bool
_?_:_ (bool,A,A)A
_==_ (A,A)bool
_!=_ (A,A)bool
-_ (int)int (double)double
_+_ (int,int)int (uint,uint)uint (double,double)double (string,string)string (bytes,bytes)bytes (list(A),list(A))list(A) (timestamp,duration)timestamp (duration,timestamp)timestamp (duration,duration)duration
_-_ (int,int)int (uint,uint)uint (double,double)double (timestamp,timestamp)duration (timestamp,duration)timestamp (duration,duration)duration
_*_ (int,int)int (uint,uint)uint (double,double)double
_/_ (int,int)int (uint,uint)uint (double,double)double
_%_ (int,int)int (uint,uint)uint
_[_] (list(A),int)A (map(A,B),A)B (optional(list(A)),int)optional(A) (optional(map(A,B)),A)optional(B)
_[?_] (list(A),int)optional(A) (optional(list(A)),int)optional(A) (map(A,B),A)optional(B) (optional(map(A,B)),A)optional(B)
@in (A,list(A))bool (A,map(A,B))bool
size (string)int (bytes)int (list(A))int (map(A,B))int .(string)int .(bytes)int .(list(A))int .(map(A,B))int
bool (bool)bool (string)bool
int (int)int (uint)int (double)int (string)int (timestamp)int (duration)int
uint (uint)uint (int)uint (double)uint (string)uint
double (double)double (int)double (uint)double (string)double
string (string)string (bool)string (int)string (uint)string (double)string (bytes)string (timestamp)string (duration)string (ip)string (cidr)string
bytes (bytes)bytes (string)bytes
duration (duration)duration (string)duration (int)duration
timestamp (timestamp)timestamp (string)timestamp (int)timestamp
dyn (A)dyn
type (A)type(A)
matches (string,string)bool .(string,string)bool
contains .(string,string)bool
startsWith .(string,string)bool
endsWith .(string,string)bool
getFullYear .(timestamp)int .(timestamp,string)int
getMonth .(timestamp)int .(timestamp,string)int
getDayOfYear .(timestamp)int .(timestamp,string)int
getDayOfMonth .(timestamp)int .(timestamp,string)int
getDate .(timestamp)int .(timestamp,string)int
getDayOfWeek .(timestamp)int .(timestamp,string)int
getHours .(timestamp)int .(timestamp,string)int .(duration)int
getMinutes .(timestamp)int .(timestamp,string)int .(duration)int
getSeconds .(timestamp)int .(timestamp,string)int .(duration)int
getMilliseconds .(timestamp)int .(timestamp,string)int .(duration)int
charAt .(string,int)string
indexOf .(string,string)int .(string,string,int)int .(list(A),A)int
lastIndexOf .(string,string)int .(string,string,int)int .(list(A),A)int
join .(list(string))string .(list(string),string)string
lowerAscii .(string)string
upperAscii .(string)string
replace .(string,string,string)string .(string,string,string,int)string
split .(string,string)list(string) .(string,string,int)list(string)
substring .(string,int)string .(string,int,int)string
trim .(string)string
format .(string,list(dyn))string
strings.quote (string)string
isSorted .(list(int))bool .(list(uint))bool .(list(double))bool .(list(bool))bool .(list(string))bool .(list(bytes))bool .(list(duration))bool .(list(timestamp))bool
sum .(list(int))int .(list(uint))uint .(list(double))double .(list(duration))duration
max .(list(int))int .(list(uint))uint .(list(double))double .(list(bool))bool .(list(string))string .(list(bytes))bytes .(list(duration))duration .(list(timestamp))timestamp
min .(list(int))int .(list(uint))uint .(list(double))double .(list(bool))bool .(list(string))string .(list(bytes))bytes .(list(duration))duration .(list(timestamp))timestamp
find .(string,string)string
findAll .(string,string)list(string) .(string,string,int)list(string)
sets.contains (list(A),list(A))bool
sets.equivalent (list(A),list(A))bool
sets.intersects (list(A),list(A))bool
url (string)url
isURL (string)bool
getScheme .(url)string
getHost .(url)string
getHostname .(url)string
getPort .(url)string
getEscapedPath .(url)string
getQuery .(url)map(string,list(string))
ip (string)ip .(cidr)ip
isIP (string)bool
ip.isCanonical (string)bool
family .(ip)int
isUnspecified .(ip)bool
isLoopback .(ip)bool
isLinkLocalMulticast .(ip)bool
isLinkLocalUnicast .(ip)bool
isGlobalUnicast .(ip)bool
cidr (string)cidr
isCIDR (string)bool
containsIP .(cidr,string)bool .(cidr,ip)bool
containsCIDR .(cidr,string)bool .(cidr,cidr)bool
masked .(cidr)cidr
prefixLength .(cidr)int
quantity (string)quantity
isQuantity (string)bool
sign .(quantity)int
isInteger .(quantity)bool
asInteger .(quantity)int
asApproximateFloat .(quantity)double
add .(quantity,quantity)quantity .(quantity,int)quantity
sub .(quantity,quantity)quantity .(quantity,int)quantity
isLessThan .(quantity,quantity)bool .(semver,semver)bool
isGreaterThan .(quantity,quantity)bool .(semver,semver)bool
compareTo .(quantity,quantity)int .(semver,semver)int
semver (string)semver (string,bool)semver
isSemver (string)bool (string,bool)bool
major .(semver)int
minor .(semver)int
patch .(semver)int
format.named (string)optional(format)
format.dns1123Label ()format
format.dns1123Subdomain ()format
format.dns1035Label ()format
format.qualifiedName ()format
format.dns1123LabelPrefix ()format
format.dns1123SubdomainPrefix ()format
format.dns1035LabelPrefix ()format
format.labelValue ()format
format.uri ()format
format.uuid ()format
format.byte ()format
format.date ()format
format.datetime ()format
validate .(format,string)optional(list(string))
optional.of (A)optional(A)
optional.ofNonZeroValue (A)optional(A)
optional.none ()optional(A)
hasValue .(optional(A))bool
value .(optional(A))A
or .(optional(A),optional(A))optional(A)
orValue .(optional(A),A)A";

/// What can be compared by `<` and its like; numbers of different kinds also with each other.
const ORDERED: &str = "(bool,bool)bool (int,int)bool (int,uint)bool (int,double)bool (uint,uint)bool (uint,int)bool (uint,double)bool (double,double)bool (double,int)bool (double,uint)bool (string,string)bool (bytes,bytes)bool (timestamp,timestamp)bool (duration,duration)bool";

/// The overloads of a function; nothing where there is no such function.
pub fn overloads(function: &str) -> Option<Vec<Overload>> {
    if matches!(function, "_<_" | "_<=_" | "_>_" | "_>=_") {
        return Some(ORDERED.split(' ').map(overload).collect());
    }
    let line = TABLE
        .lines()
        .find_map(|line| line.strip_prefix(function)?.strip_prefix(' '))?;
    Some(line.split(' ').map(overload).collect())
}

fn overload(text: &str) -> Overload {
    let (method, text) = match text.strip_prefix('.') {
        Some(text) => (true, text),
        None => (false, text),
    };
    // The parameters end where their parenthesis closes.
    let mut depth = 0;
    let mut begin = 1;
    let mut params = Vec::new();
    for (i, c) in text.char_indices() {
        let ends = match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth -= 1;
                depth == 0
            }
            ',' => depth == 1,
            _ => false,
        };
        if !ends {
            continue;
        }
        let param = text.get(begin..i).unwrap_or_default();
        if !param.is_empty() {
            params.push(parse(param));
        }
        begin = i + 1;
        if depth == 0 {
            break;
        }
    }
    Overload {
        method,
        params,
        result: parse(text.get(begin..).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_function() {
        for line in TABLE.lines() {
            let name = line.split(' ').next().unwrap();
            for overload in overloads(name).unwrap() {
                let listed: Vec<String> = overload.params.iter().map(Type::name).collect();
                let has_dyn = |t: &Type| matches!(t, Type::Dyn);
                let meant = matches!(name, "dyn" | "format");
                assert!(
                    meant || !overload.params.iter().any(has_dyn) && !has_dyn(&overload.result),
                    "{name} {listed:?}"
                );
            }
        }
        let index = overloads("_[_]").unwrap();
        assert_eq!(index.len(), 4);
        assert_eq!(index[1].params.len(), 2);
        assert_eq!(overloads("format.uuid").unwrap()[0].params.len(), 0);
    }
}

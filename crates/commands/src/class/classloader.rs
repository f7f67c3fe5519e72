//! `classloader`: class loaders, what each has loaded, and where from.

use host::evaluation::NotOne;
use host::loader_urls::UrlClasses;
use host::loaders::WantedLoader;
use host::search::Needle;
use model::RowAffect;

use super::loader;
use super::loader_views::{ClassSet, List, Loaded, Place, Places, Resources, Stats, UrlStats, Urls, Vo};
use crate::prelude::*;

/// Show class loaders, their classes and their jars
///
/// Without options, how many loaders of each class there are and how much they have loaded. Names and hashes are what a
/// loader's own `toString` and `hashCode` say; `-r` and `--load` run its code, `--load` needs the permission `mutate`.
#[derive(Args)]
#[command(group = Class, permission = View)]
#[command(example = "classloader", example = "classloader -l", example = "classloader -t")]
#[command(example = "classloader -c 659e0bfd", example = "classloader -c 659e0bfd -r META-INF/MANIFEST.MF")]
#[command(example = "classloader -c 659e0bfd --load demo.MathGame", example = "classloader -u")]
#[command(example = "classloader -c 659e0bfd --url-classes -d --jar spring-core -n 10")]
pub(crate) struct Classloader {
    /// Each loader
    #[arg(short = 'l', long = "list-classloader")]
    list: bool,
    /// Loaders below their parents
    #[arg(short = 't', long)]
    tree: bool,
    /// All classes, loader by loader
    #[arg(short = 'a', long)]
    all: bool,
    /// The loader with this hash; alone, its URLs are shown
    #[arg(short = 'c', long, label = "hash")]
    classloader: Option<String>,
    /// The only loader of this class
    #[arg(long = "classLoaderClass", label = "class")]
    loader_class: Option<ClassPattern>,
    /// Where the loader finds this resource
    #[arg(short = 'r', long)]
    resource: Option<String>,
    /// Has the loader load this class, which is not initialised by that
    #[arg(long, label = "class")]
    load: Option<ClassPattern>,
    /// As without it: loaders that the JDK makes for reflection are listed
    #[arg(short = 'i', long = "include-reflection-classloader")]
    #[expect(dead_code, reason = "it is so without it, too")]
    reflection: bool,
    /// Which URLs of each loader classes were loaded from
    #[arg(short = 'u', long = "url-stat")]
    url_stat: bool,
    /// How many classes the loader has loaded from each URL
    #[arg(long = "url-classes")]
    url_classes: bool,
    /// With --url-classes: the names of the classes
    #[arg(short = 'd', long)]
    details: bool,
    /// With --url-classes: --jar and --class are regular expressions
    #[arg(short = 'E', long)]
    regex: bool,
    /// With --url-classes -d: so many names for each URL
    #[arg(short = 'n', long, default = "100")]
    limit: i64,
    /// With --url-classes: only URLs with this in them
    #[arg(long, label = "text")]
    jar: Option<String>,
    /// With --url-classes: only classes with this in their names
    #[arg(long, label = "text")]
    class: Option<String>,
}

/// What nobody said otherwise.
const LIMIT: i64 = 100;

/// So many places of a resource are told.
const MOST: usize = 10_000;

impl Command for Classloader {
    type Host = Host;

    fn run(self, host: &Host, cx: &mut Context<'_>) -> Result<(), Failure> {
        if self.url_stat {
            let all = going_on(cx, |goes_on| host.url_use(goes_on))?;
            return cx.emit(UrlStats::of(all));
        }
        let has_detail =
            self.details || self.regex || self.jar.is_some() || self.class.is_some() || self.limit != LIMIT;
        if has_detail && !self.url_classes {
            return Err(Failure::new("Options -d/-E/-n/--jar/--class only work with --url-classes."));
        }
        let is_named = self.classloader.is_some() || self.loader_class.is_some();
        let wanted = loader::wanted(self.classloader.clone(), self.loader_class.clone());
        if self.url_classes {
            if !is_named {
                return Err(Failure::new(
                    "Please specify classloader with '-c <classloader hash>' or '--classLoaderClass <classloader class \
                     name>' for --url-classes.",
                ));
            }
            return self.places(host, cx, &wanted);
        }
        if self.all {
            let only = is_named.then_some(&wanted);
            return match going_on(cx, |goes_on| host.classes_by_loader(only, goes_on))? {
                Ok(all) => ClassSet::emit(cx, all),
                Err(not_one) => Err(several(cx, not_one, &wanted)),
            };
        }
        if let Some(resource) = self.resource.as_ref().filter(|_| is_named) {
            return match host.resources(&wanted, resource, MOST).or_fail()? {
                Ok(resources) => {
                    let row_count = resources.len() as u64;
                    cx.emit(Resources { resources })?;
                    cx.emit(RowAffect { row_count })
                }
                Err(not_one) => Err(several(cx, not_one, &wanted)),
            };
        }
        if let Some(class) = self.load.as_ref().filter(|_| is_named) {
            return load(host, cx, &wanted, class);
        }
        if is_named {
            return urls(host, cx, &wanted);
        }
        if self.resource.is_some() || self.load.is_some() {
            return Err(Failure::new(
                "-r and --load need a loader: name one with -c or --classLoaderClass; classloader -l lists them.",
            ));
        }
        if self.list || self.tree {
            let rows = host.loader_rows().or_fail()?;
            let row_count = rows.len() as u64;
            cx.emit(List::of(rows, self.tree))?;
            return cx.emit(RowAffect { row_count });
        }
        let kinds = host.loader_kinds().or_fail()?;
        let row_count = kinds.len() as u64;
        cx.emit(Stats::of(kinds))?;
        cx.emit(RowAffect { row_count })
    }
}

impl Classloader {
    /// What the loader has loaded from where.
    fn places(&self, host: &Host, cx: &mut Context<'_>, wanted: &WantedLoader) -> Result<(), Failure> {
        if !self.details && self.limit != LIMIT {
            return Err(Failure::new("Option -n/--limit only works with --url-classes -d."));
        }
        let Some(limit) = usize::try_from(self.limit).ok().filter(|limit| *limit > 0) else {
            return Err(Failure::new("Option -n/--limit must be greater than 0."));
        };
        let jar = self.jar.as_deref().map(|text| part(text, self.regex)).transpose()?;
        let class =
            self.class.as_deref().map(|text| part(&text.replace('/', "."), self.regex)).transpose()?;
        let loaded = match going_on(cx, |goes_on| host.loaded_from(wanted, goes_on))? {
            Ok(loaded) => loaded,
            Err(not_one) => return Err(several(cx, not_one, wanted)),
        };
        let fits = |place: &UrlClasses| {
            jar.as_ref().is_none_or(|jar| jar.is_in(&place.url) || jar.is_in(jar_name(&place.url)))
        };
        let mut rows = Vec::new();
        for place in loaded.places.into_iter().filter(fits) {
            let count = place.classes.len();
            let mut names = place.classes;
            if let Some(class) = &class {
                names.retain(|name| class.is_in(name));
                if names.is_empty() {
                    continue;
                }
            }
            let matched = class.is_some().then_some(names.len());
            names.sort_unstable();
            let truncated = self.details && names.len() > limit;
            names.truncate(limit);
            rows.push(Place {
                url: place.url,
                loaded_class_count: count,
                matched_class_count: matched,
                classes: self.details.then_some(names),
                truncated,
            });
        }
        rows.sort_by(|one, other| {
            let count = |row: &Place| row.matched_class_count.unwrap_or(row.loaded_class_count);
            count(other).cmp(&count(one)).then_with(|| one.url.cmp(&other.url))
        });
        let row_count = rows.len() as u64;
        cx.emit(Places {
            class_loader: Vo::of(Some(loaded.loader)),
            url_class_stats: rows,
            url_class_stats_detail: self.details,
        })?;
        cx.emit(RowAffect { row_count })
    }
}

/// Several loaders are of the class.
fn several(cx: &mut Context<'_>, not_one: NotOne, wanted: &WantedLoader) -> Failure {
    loader::end::<Urls>(cx, not_one, "", wanted)
}

/// A loader's URLs.
fn urls(host: &Host, cx: &mut Context<'_>, wanted: &WantedLoader) -> Result<(), Failure> {
    let urls = match host.loader_urls(wanted).or_fail()? {
        Ok(urls) => urls,
        Err(not_one) => return Err(several(cx, not_one, wanted)),
    };
    let row_count = urls.as_ref().map_or(0, Vec::len) as u64;
    match urls {
        None => cx.message("not a URLClassLoader.")?,
        Some(urls) if urls.is_empty() => cx.message("urls is empty.")?,
        Some(urls) => cx.emit(Urls { urls })?,
    }
    cx.emit(RowAffect { row_count })
}

/// A loader loads a class.
fn load(host: &Host, cx: &mut Context<'_>, wanted: &WantedLoader, class: &str) -> Result<(), Failure> {
    crate::permission::need(cx, Permission::Mutate, "Loading a class")?;
    match host.load_class(wanted, class).or_fail()? {
        Ok(Ok(loaded)) => {
            cx.message("load class success.")?;
            cx.emit(Loaded { load_class: loaded })
        }
        Ok(Err(why)) => Err(Failure::new(format!("load class error, class: {class}, error: {why}"))),
        Err(not_one) => Err(several(cx, not_one, wanted)),
    }
}

/// Asks something of all classes; Ctrl-C ends it.
fn going_on<T>(
    cx: &mut Context<'_>,
    ask: impl FnOnce(&dyn Fn() -> bool) -> Result<T, host::Error>,
) -> Result<T, Failure> {
    let told = ask(&|| !cx.cancelled()).or_fail()?;
    if cx.cancelled() { Err(Failure::Cancelled) } else { Ok(told) }
}

/// A part of a name, whatever the case of its letters, or a regular expression.
fn part(text: &str, is_regex: bool) -> Result<Needle, Failure> {
    match is_regex {
        true => Needle::regex(text, false).map_err(Failure::new),
        false => Ok(Needle::text(text, true)),
    }
}

/// The name of the jar in a URL: `spring-core.jar` of `jar:file:/app.jar!/BOOT-INF/lib/spring-core.jar!/`.
fn jar_name(url: &str) -> &str {
    let path = url.rsplit_once('!').map_or(url, |(path, _)| path).trim_end_matches('/');
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::jar_name;

    #[test]
    fn the_jar_of_a_url_is_its_last_part() {
        assert_eq!(jar_name("file:/app/lib/spring-core.jar"), "spring-core.jar");
        assert_eq!(jar_name("jar:file:/app.jar!/BOOT-INF/lib/spring-core.jar!/"), "spring-core.jar");
        assert_eq!(jar_name("jar:nested:/app.jar/!BOOT-INF/classes/!/"), "classes");
        assert_eq!(jar_name("file:/app/classes/"), "classes");
        assert_eq!(jar_name(""), "");
    }
}

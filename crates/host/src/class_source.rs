//! Where a class came from, and its class file as it lies there.
//!
//! Asks the class's protection domain and the handler of its URL, never the class's loader. Only what lies in files is
//! opened: a class that came over a network is not fetched again.

use jvm::{Class, Env, Field, Local, Method, Ref, Value, inside};

use crate::error::Result;

/// No class file is larger than this, near enough: its parts are bounded by 65,535 of each.
const LARGEST: usize = 32 << 20;

/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// Where classes come from, by what `java.lang.Class` keeps of them: no method of the application is called, as
/// `Class.getProtectionDomain` may by asking a security manager.
pub(crate) struct Origins {
    /// Up to JDK 24 by a method, then by a field.
    by_method: Option<Method>,
    by_field: Option<Field>,
    code_source: Field,
    location: Field,
}

impl Origins {
    pub(crate) fn new(env: &Env<'_>) -> jvm::Result<Self> {
        const DOMAIN: &str = "Ljava/security/ProtectionDomain;";
        let meta = env.find_class("java/lang/Class")?;
        let domain = env.find_class("java/security/ProtectionDomain")?;
        let source = env.find_class("java/security/CodeSource")?;
        Ok(Self {
            by_method: env.method(&meta, "getProtectionDomain0", &format!("(){DOMAIN}")).ok(),
            by_field: env.field(&meta, "protectionDomain", DOMAIN).ok(),
            code_source: env.field(&domain, "codesource", "Ljava/security/CodeSource;")?,
            location: env.field(&source, "location", "Ljava/net/URL;")?,
        })
    }

    /// The protection domain of a class; many classes share one.
    pub(crate) fn domain<'f>(
        &self,
        env: &Env<'f>,
        class: &Local<'f, Class>,
    ) -> jvm::Result<Option<Local<'f>>> {
        match (&self.by_method, &self.by_field) {
            (Some(method), _) => method.call(env, class, &[]),
            (None, Some(field)) => field.get(env, class),
            (None, None) => Ok(None),
        }
    }

    /// The URL of the jar or folder that classes of a domain come from; none for what the boot loader or a generator has
    /// made.
    pub(crate) fn location<'f>(&self, env: &Env<'f>, domain: &Local<'f>) -> jvm::Result<Option<Local<'f>>> {
        let source: Option<Local<'f>> = self.code_source.get(env, domain)?;
        let Some(source) = source else { return Ok(None) };
        self.location.get(env, &source)
    }

    /// The same of a class.
    pub(crate) fn of_class<'f>(
        &self,
        env: &Env<'f>,
        class: &Local<'f, Class>,
    ) -> jvm::Result<Option<Local<'f>>> {
        match self.domain(env, class)? {
            Some(domain) => self.location(env, &domain),
            None => Ok(None),
        }
    }
}

/// A URL in words. Its handler may be the application's, and throw.
pub(crate) fn text_of(env: &Env<'_>, url: &impl Ref) -> jvm::Result<String> {
    let _muted = inside::mute(env);
    env.call(url, "toString", "()Ljava/lang/String;", &[])
}

/// The class file as it lies where the class was loaded from. `None` where it lies in no file, or is not to be had.
/// What is read may be older or newer than what was loaded.
pub(crate) fn class_file(
    env: &Env<'_>,
    origins: &Origins,
    class: &Local<'_, Class>,
    name: &str,
    of_boot: bool,
) -> Result<Option<Vec<u8>>> {
    env.frame(32, |env| {
        let class = env.local(class)?;
        let path = format!("{}.class", name.replace('.', "/"));
        let read = match origins.of_class(env, &class) {
            Ok(Some(location)) => beside(env, &location, &path),
            Ok(None) if of_boot => of_jdk(env, &path),
            Ok(None) => Ok(None),
            Err(why) => Err(why),
        };
        Ok(read.unwrap_or_else(|why| {
            log::debug!("no class file of {name}: {why}");
            None
        }))
    })
}

fn beside(env: &Env<'_>, location: &Local<'_>, path: &str) -> jvm::Result<Option<Vec<u8>>> {
    let text = text_of(env, location)?;
    let url = env.find_class("java/net/URL")?;
    let is_local = ["jar:file:", "jar:nested:", "war:file:", "jrt:", "vfs:"];
    let made: Local<'_> = if let Some(file) = text.strip_prefix("file:") {
        match file.ends_with('/') {
            true => within(env, &url, location, path)?,
            false => {
                let spec = env.new_string(&format!("jar:{text}!/{path}"))?;
                env.new_object(&url, "(Ljava/lang/String;)V", &[Value::of(&spec)])?
            }
        }
    } else if is_local.iter().any(|scheme| text.starts_with(scheme)) {
        // Without the stroke at its end, the last part would be taken for a file and replaced.
        let path = if text.ends_with('/') { path.to_owned() } else { format!("{text}/{path}") };
        within(env, &url, location, &path)?
    } else {
        return Ok(None);
    };
    read(env, &made).map(Some)
}

/// A path in the context of a URL, whose handler it gets.
fn within<'f>(
    env: &Env<'f>,
    url: &Local<'f, Class>,
    location: &Local<'_>,
    path: &str,
) -> jvm::Result<Local<'f>> {
    let spec = env.new_string(path)?;
    let descriptor = "(Ljava/net/URL;Ljava/lang/String;)V";
    env.new_object(url, descriptor, &[Value::of(location), Value::of(&spec)])
}

/// A class without a place is the JDK's, or nobody's: the boot loader's resources are asked, and no loader.
fn of_jdk(env: &Env<'_>, path: &str) -> jvm::Result<Option<Vec<u8>>> {
    let loaders = env.find_class("java/lang/ClassLoader")?;
    let spec = env.new_string(path)?;
    let descriptor = "(Ljava/lang/String;)Ljava/net/URL;";
    let url: Option<Local<'_>> = match env.find_class("jdk/internal/loader/BootLoader") {
        Ok(boot) => env.call_static(&boot, "findResource", descriptor, &[Value::of(&spec)])?,
        // JDK 8.
        Err(_) => env.call_static(&loaders, "getBootstrapResource", descriptor, &[Value::of(&spec)])?,
    };
    url.map(|url| read(env, &url)).transpose()
}

/// Where a loader has a file; the system's loaders where it is the boot loader, of whom there is no object. Runs the loader's
/// code.
pub(crate) fn url_of<'f>(
    env: &Env<'f>,
    loader: Option<&Local<'_>>,
    path: &str,
) -> jvm::Result<Option<Local<'f>>> {
    let _muted = inside::mute(env);
    let path = env.new_string(path)?;
    let arguments = [Value::of(&path)];
    let descriptor = "(Ljava/lang/String;)Ljava/net/URL;";
    match loader {
        Some(loader) => env.call(loader, "getResource", descriptor, &arguments),
        None => {
            let loaders = env.find_class("java/lang/ClassLoader")?;
            env.call_static(&loaders, "getSystemResource", descriptor, &arguments)
        }
    }
}

/// What a URL gives. Nothing stays open, and nothing in a cache.
pub(crate) fn read(env: &Env<'_>, url: &Local<'_>) -> jvm::Result<Vec<u8>> {
    let connection: Local<'_> = env.call(url, "openConnection", "()Ljava/net/URLConnection;", &[])?;
    let _: () = env.call(&connection, "setUseCaches", "(Z)V", &[Value::from(false)])?;
    let stream: Local<'_> = env.call(&connection, "getInputStream", "()Ljava/io/InputStream;", &[])?;
    let all = drain(env, &stream);
    let _: () = env.call(&stream, "close", "()V", &[])?;
    all
}

fn drain(env: &Env<'_>, stream: &Local<'_>) -> jvm::Result<Vec<u8>> {
    let piece = env.new_array(&vec![0_i8; PIECE])?;
    let mut all = Vec::new();
    loop {
        let count: i32 = env.call(stream, "read", "([B)I", &[Value::of(&piece)])?;
        let Ok(count) = usize::try_from(count) else { return Ok(all) };
        let bytes = env.bytes(&piece)?;
        all.extend(bytes.into_iter().take(count));
        if all.len() > LARGEST {
            return Err(jvm::Error::NoMemory { wanted: all.len() });
        }
    }
}

//! Small class files written by hand: version 49, which needs no frames. For tests whose Java code must name a class
//! that only the crate knows.

use jvm::sys::jint;

/// One class file in the making.
pub(crate) struct Assembly {
    pool: Vec<u8>,
    count: u16,
    methods: Vec<u8>,
    method_count: u16,
    this: u16,
    parent: u16,
    interfaces: Vec<u16>,
    code: u16,
}

impl Assembly {
    pub(crate) fn new(name: &str, parent: &str, interfaces: &[&str]) -> Assembly {
        let mut made = Assembly {
            pool: Vec::new(),
            count: 1,
            methods: Vec::new(),
            method_count: 0,
            this: 0,
            parent: 0,
            interfaces: Vec::new(),
            code: 0,
        };
        made.this = made.class(name);
        made.parent = made.class(parent);
        made.interfaces = interfaces.iter().map(|name| made.class(name)).collect();
        made.code = made.text("Code");
        made
    }

    fn add(&mut self, tag: u8, bytes: &[u8]) -> u16 {
        self.pool.push(tag);
        self.pool.extend(bytes);
        self.count += 1;
        self.count - 1
    }

    fn text(&mut self, text: &str) -> u16 {
        let mut bytes = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
        bytes.extend(text.as_bytes());
        self.add(1, &bytes)
    }

    pub(crate) fn class(&mut self, name: &str) -> u16 {
        let name = self.text(name);
        self.add(7, &name.to_be_bytes())
    }

    pub(crate) fn int(&mut self, value: jint) -> u16 {
        self.add(3, &value.to_be_bytes())
    }

    fn member(&mut self, tag: u8, class: &str, name: &str, descriptor: &str) -> [u8; 2] {
        let class = self.class(class);
        let (name, descriptor) = (self.text(name), self.text(descriptor));
        let both = self.add(12, &[name.to_be_bytes(), descriptor.to_be_bytes()].concat());
        self.add(tag, &[class.to_be_bytes(), both.to_be_bytes()].concat()).to_be_bytes()
    }

    pub(crate) fn field_of(&mut self, class: &str, name: &str, descriptor: &str) -> [u8; 2] {
        self.member(9, class, name, descriptor)
    }

    pub(crate) fn method_of(&mut self, class: &str, name: &str, descriptor: &str) -> [u8; 2] {
        self.member(10, class, name, descriptor)
    }

    /// A method with this code; `flags` as in JVMS 4.6.
    pub(crate) fn method(&mut self, flags: u16, name: &str, descriptor: &str, code: &[&[u8]]) {
        let code = code.concat();
        let (name, descriptor) = (self.text(name), self.text(descriptor));
        let mut words = vec![flags, name, descriptor, 1, self.code];
        let length = u32::try_from(code.len()).unwrap();
        words.extend([0, u16::try_from(length + 12).unwrap()]);
        let (stack, locals) = (64, 64);
        words.extend([stack, locals]);
        self.methods.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        self.methods.extend(length.to_be_bytes());
        self.methods.extend(code);
        // No handlers, no attributes.
        self.methods.extend([0; 4]);
        self.method_count += 1;
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut file = vec![0xCA, 0xFE, 0xBA, 0xBE, 0, 0, 0, 49];
        file.extend(self.count.to_be_bytes());
        file.extend(self.pool);
        let public_super = 0x21_u16;
        let interfaces = u16::try_from(self.interfaces.len()).unwrap();
        let head = [public_super, self.this, self.parent, interfaces];
        let words = head.into_iter().chain(self.interfaces).chain([0, self.method_count]);
        file.extend(words.flat_map(u16::to_be_bytes));
        file.extend(self.methods);
        file.extend([0; 2]);
        file
    }
}

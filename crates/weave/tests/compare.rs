//! Comparing and renaming read files that people hand in: whatever is in them, the answer is one or an error.

use weave::classfile::ClassFile;
use weave::compare::{Comparison, compare};
use weave::mentions;
use weave::rename::{lambdas_as_in, rename};

const FILES: [&[u8]; 3] = [
    include_bytes!("../../../java-shim/classes/parts/Sight.class"),
    include_bytes!("../../../java-shim/classes/parts/Javac.class"),
    include_bytes!("../../../java-shim/classes/parts/Ecj.class"),
];

#[test]
fn a_class_is_like_itself_and_unlike_another() {
    for file in FILES {
        assert_eq!(compare(file, file), Ok(Comparison::default()));
        assert_eq!(lambdas_as_in(file, file).as_deref(), Ok(file));
    }
    let differences = compare(FILES[0], FILES[1]).unwrap().differences;
    assert!(differences.len() > 10, "{differences:?}");
}

#[test]
fn what_a_class_shows_of_others_is_mentioned() {
    let read = ClassFile::read(FILES[1]).unwrap();
    let names = mentions(&read).unwrap();
    for name in [
        "javax/tools/ForwardingJavaFileManager",
        "javax/tools/DiagnosticListener",
        "javax/tools/JavaFileManager$Location",
        "java/util/Set",
        "java/io/IOException",
        "oxprobe/Javac$Unit",
    ] {
        assert!(names.contains(name.as_bytes()), "{name}");
    }
    // Its code's only, and its private fields'.
    for name in ["javax/tools/ToolProvider", "oxprobe/Sight", "java/util/List", "oxprobe/Javac"] {
        assert!(!names.contains(name.as_bytes()), "{name}");
    }
}

#[test]
fn a_file_with_any_byte_changed_or_cut_anywhere_is_an_answer_or_an_error() {
    let [file, ..] = FILES;
    let (mut taken, mut mentioned) = (0, 0);
    // Every third place, each with another change of its byte.
    for at in (0..file.len()).step_by(3) {
        let mut bent = file.to_vec();
        bent[at] ^= [0x01, 0x80, 0xff][at / 3 % 3];
        taken += usize::from(compare(file, &bent).is_ok());
        drop(lambdas_as_in(&bent, file));
        mentioned += usize::from(ClassFile::read(&bent).is_ok_and(|bent| mentions(&bent).is_ok()));
        assert!(compare(file, &file[..at]).is_err(), "cut at {at}");
    }
    assert!(taken > 0 && mentioned > 0);
}

#[test]
fn a_renamed_method_is_another_one_and_back_it_is_the_same() {
    let names = |from: &str, to: &str| [(from.as_bytes().to_vec(), to.as_bytes().to_vec())];
    let other = rename(FILES[0], &names("index", "a_longer_name")).unwrap();
    let said: Vec<String> =
        compare(FILES[0], &other).unwrap().differences.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["adds the method a_longer_name(java.net.URL)", "removes the method index(java.net.URL)"]
    );
    assert_eq!(rename(&other, &names("a_longer_name", "index")).as_deref(), Ok(FILES[0]));
}

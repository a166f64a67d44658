//! Looking at what was asked about: in a cluster, or in what was collected before.

use futures::future::OptionFuture;

use crate::{
    active,
    cli::Cli,
    custom::Types,
    error::Error,
    inventory::Inventory,
    kind::Kind,
    question::{self, Client, Manifests, Question, Target},
    rule::LogPatterns,
    selector,
    source::{
        collect::{self, Look},
        files,
        live::Live,
    },
    spinner,
    stats::Stats,
};

pub(super) fn look(
    cli: &Cli,
    words: &[String],
    patterns: &LogPatterns,
    how: Look,
    stats: &mut Stats,
) -> Result<(Question, Inventory), Error> {
    if let Some(complaint) = cli.active.complaint() {
        return Err(Error::new(complaint));
    }
    let mut manifests = manifests(cli, words)?;
    let described = manifests.words();
    let words = if described.is_empty() { words } else { &described };
    if cli.look.from.is_empty() {
        check_words(cli, words)?;
        return look_at_cluster(cli, words, manifests, patterns, how, stats);
    }
    if cli.active.probe {
        return Err(Error::new(
            "--probe makes connections in a cluster, and --from looks at none; a recording has the checks that were made for it",
        ));
    }
    let namespace = given_namespace(cli).unwrap_or_else(|| "default".to_owned());
    let (inventory, recorded_target) = files::read(&cli.look.from, &namespace)?;
    let recorded: Vec<String> =
        recorded_target.iter().flat_map(|target| target.split_whitespace()).map(str::to_owned).collect();
    let words = if words.is_empty() { &recorded } else { words };
    let recorded = recorded_in(cli, &inventory);
    let here = manifests.settle(recorded.as_deref().unwrap_or(&namespace))?.or(recorded);
    let question = question(cli, words, here, &inventory.custom().types)?;
    let looked_at = beside(cli, question, inventory, manifests)?;
    stats.end_of("read");
    Ok(looked_at)
}

/// Says what is misspelt on the command line before a cluster is asked.
pub(super) fn check_words(cli: &Cli, words: &[String]) -> Result<(), Error> {
    if question::may_be_custom(words) {
        return Ok(());
    }
    question(cli, words, None, &Types::default()).map(drop)
}

/// That no flag asks for anything else.
///
/// # Errors
/// Where one does.
pub(super) fn whole_namespaces(cli: &Cli, command: &str) -> Result<(), Error> {
    let look = &cli.look;
    let is_narrow = !look.filename.is_empty() || look.selector.is_some() || look.client.is_some();
    if !look.from.is_empty() || is_narrow || cli.active.probe || cli.fix.fix {
        return Err(Error::new(format!(
            "{command} looks at whole namespaces of a cluster and changes nothing: leave --from, -f, -l, --client, --probe and --fix out"
        )));
    }
    Ok(())
}

// What is to be compared, which is what is asked about.
pub(super) fn manifests(cli: &Cli, words: &[String]) -> Result<Manifests, Error> {
    if cli.look.filename.is_empty() {
        return Ok(Manifests::default());
    }
    if !words.is_empty() || cli.look.all_namespaces {
        return Err(Error::new("-f names what to look at: leave out the target, or -A"));
    }
    Ok(Manifests::of(files::manifests(&cli.look.filename)?))
}

// What was collected with the manifests beside it; what they describe and is not there is not asked about.
fn beside(
    cli: &Cli,
    question: Question,
    mut inventory: Inventory,
    manifests: Manifests,
) -> Result<(Question, Inventory), Error> {
    let words = manifests.words_of_what_is_there(&inventory);
    manifests.put_into(&mut inventory);
    if words.is_empty() {
        return Ok((question, inventory));
    }
    let target = self::question(cli, &words, question.namespace.clone(), &inventory.custom().types)?.target;
    Ok((Question { target, ..question }, inventory))
}

fn look_at_cluster(
    cli: &Cli,
    words: &[String],
    mut manifests: Manifests,
    patterns: &LogPatterns,
    how: Look,
    stats: &mut Stats,
) -> Result<(Question, Inventory), Error> {
    runtime()?.block_on(async {
        let live = cli.connection.connect().await?;
        stats.end_of("read the kubeconfig");
        let mut inventory = Inventory::new(live.about(None));
        inventory.custom_mut().types = types(&live, words).await?;
        let here = manifests.settle(&live.namespace)?.unwrap_or_else(|| live.namespace.clone());
        let question = question(cli, words, Some(here), &inventory.custom().types)?;
        inventory.about.namespace = question.namespace.clone().unwrap_or_default();
        let rights = OptionFuture::from(cli.active.probe.then(|| active::rights(&live, &question)));
        let collecting = async {
            let collecting = collect::collect(&live, &question, inventory, patterns, how);
            // --probe has its own words on the terminal, and cleans up on Ctrl-C.
            match cli.active.probe || cli.look.unwatched {
                true => collecting.await,
                false => spinner::over(collecting, || waits_for(&live)).await,
            }
        };
        let (collected, rights) = tokio::join!(collecting, rights);
        stats.end_of("collect");
        let outcome = match (collected, rights) {
            (Ok(mut inventory), Some(rights)) => {
                let checked = active::check(&live, &question, &mut inventory, &cli.active, &rights).await;
                stats.end_of("connect");
                checked.map(|()| inventory)
            }
            (collected, _) => collected,
        };
        let mut inventory = outcome?;
        inventory.about.now = live.now();
        let requests = manifests.requests(&inventory);
        collect::ask(&live, &mut inventory, &requests).await?;
        stats.add(&live.traffic);
        beside(cli, question, inventory, manifests)
    })
}

/// The kinds among which the types of these words are looked up: those that the server serves, where any is not known.
///
/// # Errors
/// Where the server can't answer at all.
pub(super) async fn types(live: &Live, words: &[String]) -> Result<Types, Error> {
    let mut inventory = Inventory::new(live.about(None));
    if question::may_be_custom(words) {
        collect::types(live, &mut inventory).await?;
    }
    Ok(std::mem::take(&mut inventory.custom_mut().types))
}

/// The namespace that is looked at as a whole; nothing for all of them.
pub(super) fn scope(cli: &Cli, live: &Live) -> Option<String> {
    Some(live.namespace.clone()).filter(|_| !cli.look.all_namespaces)
}

/// `namespace shop`, or all of them.
pub(super) fn scope_text(scope: Option<&str>) -> String {
    scope.map_or_else(|| "all namespaces".to_owned(), |namespace| format!("namespace {namespace}"))
}

// `waiting for https://10.0.0.1:6443: pods, events, services and 3 more`
fn waits_for(live: &Live) -> String {
    match live.traffic.under_way().as_slice() {
        [] => "looking at what came back".to_owned(),
        [first @ .., _, _] if first.len() > 2 => {
            format!("waiting for {}: {} and {} more", live.server(), first[..3].join(", "), first.len() - 1)
        }
        few => format!("waiting for {}: {}", live.server(), few.join(", ")),
    }
}

pub(crate) fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().map_err(|error| Error::new(format!("cannot start: {error}")))
}

// kubectl takes an empty one for none.
fn given_namespace(cli: &Cli) -> Option<String> {
    cli.connection.namespace.clone().filter(|namespace| !namespace.is_empty())
}

// Without a cluster the namespace is the recording's, and all of them where it has none.
pub(super) fn recorded_in(cli: &Cli, inventory: &Inventory) -> Option<String> {
    let recorded = || Some(inventory.about.namespace.clone()).filter(|namespace| !namespace.is_empty());
    given_namespace(cli).or_else(recorded)
}

// What to ask where the namespace is this one unless the words or flags name another.
pub(super) fn question(cli: &Cli, words: &[String], here: Option<String>, types: &Types) -> Result<Question, Error> {
    let mut target = Target::from_words(words, types)?;
    let mut namespace = here.filter(|_| !cli.look.all_namespaces);
    // A namespace is asked about by asking about everything in it.
    if target.each().iter().any(|target| target.kind() == Some(Kind::Namespace)) {
        namespace = match &target {
            Target::All(_) => None,
            Target::One(_, name) => Some(name.clone()),
            _ => return Err(Error::new("ask about one namespace at a time, or about all of them with -A")),
        };
        target = Target::Everything;
    }
    let selector = cli.look.selector.as_deref().map(selector::parse).transpose()?;
    // Before a cluster is asked the kubeconfig's namespace is not known, and any will do to see what is misspelt.
    let lives_in = if cli.look.all_namespaces { None } else { namespace.as_deref().or(Some("default")) };
    let client = cli.look.client.as_deref().map(|word| Client::from_word(word, lives_in)).transpose()?;
    Ok(Question { target, namespace, selector, client })
}

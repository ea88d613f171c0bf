// Stories of one root that are told again and again, as the runs of a schedule: one entry of the list.

const MANY = 4; // stories of one name that share an entry
const PAST = 24; // of which so many outcomes are shown, the newest

// What the list shows of `stories`, in their order: each story by itself, or a fold of many and, where
// it is open, these below it. A fold stands where the first of its stories would.
function foldedEntries(stories, unfolded) {
  const groups = Map.groupBy(stories, (story) => story.group);
  return stories.flatMap((story) => {
    const members = groups.get(story.group);
    if (members.length < MANY) return [{ story }];
    if (story !== members[0]) return [];
    const fold = { story, members, isOpen: unfolded.has(story.group) };
    return fold.isOpen ? [fold, ...members.map((each) => ({ story: each, fold }))] : [fold];
  });
}

// The outcomes of a fold's newest stories, the newest last; a click on one opens it.
function pastOutcomes({ members }) {
  const newest = [...members].sort((a, b) => b.ms - a.ms).slice(0, PAST).reverse();
  return el("div", { class: "past" }, ...newest.map((story) => {
    const mark = outcomeMark(story.outcome);
    mark.classList.replace("outcome", "run");
    mark.title = `${plainTime(story.began).slice(0, 19)}  ${story.says}`;
    mark.dataset.story = story.id;
    return mark;
  }));
}

// How the stories of a fold stand: "2 of 60 failed".
function tally({ members }) {
  const failed = members.filter((story) => story.last === "failed").length;
  return failed ? `${failed} of ${members.length} failed` : count(members.length, "story", "stories");
}

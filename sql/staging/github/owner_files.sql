-- One row per file on a default branch that says whose the repository is: CODEOWNERS or catalog-info.yaml.
--
-- repository  owner/name.
-- path        .github/CODEOWNERS, CODEOWNERS or docs/CODEOWNERS, of which GitHub heeds the first that is there; or catalog-info.yaml.
-- content     Its text.
--
-- key: repository, path
select
    repository,
    path,
    content
from raw.github_owner_files
where content is not null

-- One row per PagerDuty account and team.
--
-- account            The account's name in the configuration, '' where it has none.
-- pagerduty_team_id  Its id, unique in the account.
-- pagerduty_team     Its name.
--
-- key: account, pagerduty_team_id
select
    account,
    id as pagerduty_team_id,
    trim(name) as pagerduty_team
from raw.pagerduty_teams

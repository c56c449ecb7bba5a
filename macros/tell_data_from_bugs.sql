{#
    After a build or test on tables of a user's own: which red tests mean the tables, and which the marts. Nothing is
    said of a simulation.
-#}
{% macro tell_data_from_bugs(results) %}
    {%- if execute and not var('simulated') and flags.WHICH in ['build', 'test'] -%}
        {%- set found = {'input': [], 'identity': []} -%}
        {%- set ran = {'input': 0, 'identity': 0} -%}
        {%- set skipped = [] -%}
        {%- for result in results if result.node.resource_type == 'test' and result.node.package_name == 'saas_kpis' -%}
            {%- for tag in ran if tag in result.node.tags -%}
                {%- do ran.update({tag: ran[tag] + 1}) -%}
                {%- if result.status in ['fail', 'warn', 'error'] -%}
                    {%- do found[tag].append(result.node.name) -%}
                {%- elif result.status == 'skipped' and tag == 'identity' -%}
                    {%- do skipped.append(result.node.name) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if ran['input'] or ran['identity'] -%}
            {%- set of_data = counted_checks(found['input']) if found['input'] else 'your data passed ' ~ ran['input'] ~ ' checks' -%}
            {%- if found['identity'] -%}
                {%- set of_marts = 'the marts break ' ~ found['identity'] | length ~ ' of their identities: '
                    ~ found['identity'] | join(', ') -%}
                {%- set advice = ' Mend your data first, and build again.' if found['input']
                    else ' That is a bug of saas_kpis and not of your data: please report it.' -%}
            {%- elif skipped -%}
                {%- set of_marts = skipped | length ~ " of the marts' identities were not checked, for these marts were"
                    ~ ' not built anew' -%}
            {%- else -%}
                {%- set of_marts = "the marts' identities hold" -%}
            {%- endif -%}
            {%- do log((of_data ~ '; ' ~ of_marts ~ '.')[0] | upper ~ (of_data ~ '; ' ~ of_marts ~ '.')[1:] ~ (advice or ''),
                       info=True) -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}


{# So many checks failed, and which. #}
{% macro counted_checks(names) %}
    {{ return(
        names | length ~ (' check' if names | length == 1 else ' checks') ~ ' of your data failed: ' ~ names | join(', ')
    ) }}
{% endmacro %}
